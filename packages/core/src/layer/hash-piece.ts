import { closeSync, openSync, readSync } from 'node:fs';
import { WherryError } from '../errors.ts';
import { loadCoreModuleSync } from '../wasm/load.ts';
import { WasmHasher } from '../wasm/wasm-hasher.ts';

const READ_BYTES = 256 * 1024;
let readBuffer: Buffer | undefined;

/** How far a file is hashed: `hash` is what `ResumableHasher.save` gives after `offset` bytes. */
export interface HashedPart {
  readonly offset: number;
  readonly hash: Uint8Array;
}

/** The bytes of a file from `from.offset` to `to`, to be hashed on from there. */
export interface FilePiece {
  readonly path: string;
  readonly from: HashedPart;
  /** Exclusive. */
  readonly to: number;
}

/**
 * Hashes one piece of a file, blocking this thread. Nothing is kept between two pieces, so that any thread can
 * take the next one. Throws `TRUNCATED` when the file is shorter, `INVALID_ARGUMENT` when there is no state to
 * go on from.
 */
export function hashPiece({ path, from, to }: FilePiece): HashedPart {
  const hasher = WasmHasher.restore(loadCoreModuleSync(), from.hash);
  readBuffer ??= Buffer.allocUnsafeSlow(READ_BYTES);
  const file = openSync(path, 'r');
  try {
    for (let at = from.offset; at < to; ) {
      const count = readSync(file, readBuffer, 0, Math.min(READ_BYTES, to - at), at);
      if (count === 0) throw new WherryError('TRUNCATED', `file ends at byte ${at}, want ${to}`);
      hasher.update(readBuffer.subarray(0, count));
      at += count;
    }
  } finally {
    closeSync(file);
  }
  return { offset: to, hash: hasher.save() };
}
