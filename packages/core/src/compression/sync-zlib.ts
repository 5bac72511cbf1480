import { isWherryError } from '../errors.ts';
import type { Compression, Decoder, OutputBuffer, SteppedDecoder } from './compression.ts';
import { GzipDecoder } from './gzip.ts';
import type { GzipOptions } from './gzip-framing.ts';
import { ZstdDecoder } from './zstd.ts';

type NativeFormat = 'gzip' | 'zstd';

const PROBE = Buffer.from('0123456789abcdef'.repeat(40) + 'wherry'.repeat(60));
/** `PROBE` as each format packs it: packing it here would cost a small layer more than unpacking. */
const PACKED_PROBES: Readonly<Record<NativeFormat, string>> = {
  gzip: 'H4sIAAAAAAAAAzMwNDI2MTUzt7BMTEpOSU0zGOWP8unIL89ILSqqHCVpTQIAOUcXeegDAAA=',
  zstd: 'KLUv/WDoAg0BALAwMTIzNDU2Nzg5YWJjZGVmd2hlcnJ5AgBfKWrRZqq5BA==',
};
const OPENERS: Readonly<
  Record<NativeFormat, (output?: OutputBuffer, options?: GzipOptions) => SteppedDecoder>
> = {
  gzip: (output, options) => new GzipDecoder(output, options),
  zstd: (output) => new ZstdDecoder(output),
};

const checked = new Map<NativeFormat, boolean>();

/**
 * Tells whether this Node's zlib can be driven synchronously through its native handle, which is not a
 * documented interface: tries concatenated members or frames, and a truncated stream. Checked once a format.
 */
export function hasSyncZlib(format: NativeFormat): boolean {
  const known = checked.get(format);
  if (known !== undefined) return known;
  const found = unpacksProbe(format);
  checked.set(format, found);
  return found;
}

/** A synchronous decoder, or `undefined` where only `decompress` can unpack. */
export function createDecoder(
  compression: Compression,
  output?: OutputBuffer,
  options?: GzipOptions,
): SteppedDecoder | undefined {
  if (compression !== 'gzip' && compression !== 'zstd') return undefined;
  return hasSyncZlib(compression) ? OPENERS[compression](output, options) : undefined;
}

function unpacksProbe(format: NativeFormat): boolean {
  const open = OPENERS[format];
  const member = Buffer.from(PACKED_PROBES[format], 'base64');
  try {
    const twice = unpack(open(), [member.subarray(0, 20), Buffer.concat([member.subarray(20), member])]);
    if (!twice.equals(Buffer.concat([PROBE, PROBE]))) return false;
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
