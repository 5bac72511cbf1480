import type { Compression } from './compression.ts';

/** How many leading bytes `detectCompression` looks at; fewer are fine when the stream is shorter. */
export const COMPRESSION_HEAD_BYTES = 6;

const XZ_MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];

/**
 * Tells from a stream's first bytes how it is packed; what has no known magic is `none`.
 * RFC 1952 §2.3.1, RFC 8878 §3.1, the .xz file format §2.1.1.1, and bzip2's `BZh1` to `BZh9`.
 */
export function detectCompression(head: Uint8Array): Compression {
  const [b0 = 0, b1 = 0, b2 = 0, b3 = 0] = head;
  if (b0 === 0x1f && b1 === 0x8b && b2 === 0x08) return 'gzip';
  if (b0 === 0x28 && b1 === 0xb5 && b2 === 0x2f && b3 === 0xfd) return 'zstd';
  // A skippable frame may come first: zstd:chunked and pzstd write them.
  if ((b0 & 0xf0) === 0x50 && b1 === 0x2a && b2 === 0x4d && b3 === 0x18) return 'zstd';
  if (b0 === 0x42 && b1 === 0x5a && b2 === 0x68 && b3 >= 0x31 && b3 <= 0x39) return 'bzip2';
  if (head.length >= XZ_MAGIC.length && XZ_MAGIC.every((byte, i) => head[i] === byte)) return 'xz';
  return 'none';
}
