import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { constants, crc32, deflateRaw, type ZlibOptions } from 'node:zlib';
import type { ByteSource } from '../bytes/byte-source.ts';

const BLOCK_BYTES = 1024 * 1024;
/** How far back deflate can refer: the end of a block is the dictionary of the next. */
const WINDOW_BYTES = 32 * 1024;
const OS_UNKNOWN = 255;
const DEFAULT_LEVEL = 6;

/** Not made before: `node:zlib` takes milliseconds to load. */
let deflateBlock: ((block: Uint8Array, options: ZlibOptions) => Promise<Buffer>) | undefined;

export interface GzipOptions {
  /** 1 to 9; 6 unless given. */
  readonly level?: number;
  /** Blocks packed at once; the number of cores unless given. Has no influence on the bytes. */
  readonly concurrency?: number;
}

/**
 * Packs a stream as one gzip member without name and time. The same bytes come out for the same bytes in and
 * level, however they are split and however many cores pack them. Blocks are packed side by side, each with the
 * end of the one before as its dictionary. RFC 1952.
 */
export async function* compressGzip(
  source: ByteSource,
  { level = DEFAULT_LEVEL, concurrency = availableParallelism() }: GzipOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const inFlight: Promise<Buffer>[] = [];
  let dictionary: Uint8Array = new Uint8Array(0);
  let crc = 0;
  let size = 0;
  try {
    yield header(level);
    for await (const { block, isLast } of blocksOf(source)) {
      deflateBlock ??= promisify<Uint8Array, ZlibOptions, Buffer>(deflateRaw);
      inFlight.push(deflateBlock(block, blockOptions(level, dictionary, isLast)));
      dictionary = block.subarray(-WINDOW_BYTES);
      crc = crc32(block, crc);
      size += block.length;
      while (inFlight.length > concurrency) yield await (inFlight.shift() as Promise<Buffer>);
    }
    for (let next = inFlight.shift(); next; next = inFlight.shift()) yield await next;
    yield trailer(crc, size);
  } finally {
    // The reader may have left: what is still being packed goes nowhere, and neither does its failure.
    await Promise.allSettled(inFlight);
  }
}

function blockOptions(level: number, dictionary: Uint8Array, isLast: boolean): ZlibOptions {
  // A sync flush ends at a whole byte, so that the next block's bytes can follow.
  const finishFlush = isLast ? constants.Z_FINISH : constants.Z_SYNC_FLUSH;
  return dictionary.length === 0 ? { level, finishFlush } : { level, finishFlush, dictionary };
}

/** Cuts a stream into blocks of one size; the last one may be shorter, and is empty for an empty stream. */
async function* blocksOf(source: ByteSource): AsyncGenerator<{ block: Uint8Array; isLast: boolean }> {
  let block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
  let used = 0;
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length; ) {
      if (used === BLOCK_BYTES) {
        yield { block, isLast: false };
        block = Buffer.allocUnsafeSlow(BLOCK_BYTES);
        used = 0;
      }
      const length = Math.min(chunk.length - at, BLOCK_BYTES - used);
      block.set(chunk.subarray(at, at + length), used);
      used += length;
      at += length;
    }
  }
  yield { block: block.subarray(0, used), isLast: true };
}

function header(level: number): Uint8Array {
  const speed = level === constants.Z_BEST_COMPRESSION ? 2 : level === constants.Z_BEST_SPEED ? 4 : 0;
  return Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, speed, OS_UNKNOWN);
}

function trailer(crc: number, size: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(crc, 0);
  bytes.writeUInt32LE(size % 2 ** 32, 4);
  return bytes;
}
