import { gzipSync, zstdCompressSync } from 'node:zlib';
import { isWherryError } from '../errors.ts';
import type { Compression, Decoder, OutputBuffer, SteppedDecoder } from './compression.ts';
import { GzipDecoder } from './gzip.ts';
import { ZstdDecoder } from './zstd.ts';

let checked: boolean | undefined;

/**
 * Tells whether this Node's zlib can be driven synchronously through its native handle, which is not a
 * documented interface: tries concatenated members and frames, and a truncated stream. Checked once.
 */
export function hasSyncZlib(): boolean {
  checked ??=
    roundTrips(gzipSync, () => new GzipDecoder()) && roundTrips(zstdCompressSync, () => new ZstdDecoder());
  return checked;
}

/** A synchronous decoder, or `undefined` where only `decompress` can unpack. */
export function createDecoder(compression: Compression, output?: OutputBuffer): SteppedDecoder | undefined {
  if (compression === 'gzip' && hasSyncZlib()) return new GzipDecoder(output);
  if (compression === 'zstd' && hasSyncZlib()) return new ZstdDecoder(output);
  return undefined;
}

function roundTrips(compress: (data: Uint8Array) => Uint8Array, open: () => Decoder): boolean {
  try {
    const probe = new Uint8Array(1000).map((_, i) => i * i);
    const member = compress(probe);
    const twice = unpack(open(), [member.subarray(0, 20), Buffer.concat([member.subarray(20), member])]);
    if (!twice.equals(Buffer.concat([probe, probe]))) return false;
    return isTruncated(() => unpack(open(), [member.subarray(0, member.length - 1)]));
  } catch {
    // Whatever another Node makes of these calls, the answer is the same: do not use them.
    return false;
  }
}

function unpack(decoder: Decoder, chunks: readonly Uint8Array[]): Buffer {
  const pieces: Buffer[] = [];
  const emit = (output: Uint8Array) => pieces.push(Buffer.from(output));
  try {
    for (const chunk of chunks) decoder.write(chunk, emit);
    decoder.finish(emit);
  } finally {
    decoder.close();
  }
  return Buffer.concat(pieces);
}

function isTruncated(run: () => unknown): boolean {
  try {
    run();
    return false;
  } catch (error) {
    return isWherryError(error, 'TRUNCATED');
  }
}
