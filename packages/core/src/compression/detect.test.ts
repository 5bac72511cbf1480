import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { BZIP2_FIXTURES, XZ_FIXTURES } from '../testing/packed-fixtures.ts';
import { COMPRESSION_HEAD_BYTES, detectCompression } from './detect.ts';

test.each([
  { name: 'gzip', head: gzipSync('oar'), expected: 'gzip' },
  { name: 'zstd', head: zstdCompressSync('oar'), expected: 'zstd' },
  { name: 'a skippable frame', head: Buffer.of(0x5f, 0x2a, 0x4d, 0x18, 0, 0), expected: 'zstd' },
  { name: 'xz', head: XZ_FIXTURES[0]!.packed, expected: 'xz' },
  { name: 'bzip2', head: BZIP2_FIXTURES[0]!.packed, expected: 'bzip2' },
  { name: 'bzip2 with no block size', head: Buffer.from('BZh0  '), expected: 'none' },
  { name: 'gzip with another method', head: Buffer.of(0x1f, 0x8b, 7, 0, 0, 0), expected: 'none' },
  { name: 'a tar', head: Buffer.from('usr/bin'), expected: 'none' },
  { name: 'zeros', head: Buffer.alloc(6), expected: 'none' },
  { name: 'nothing', head: Buffer.alloc(0), expected: 'none' },
])('recognises $name by its first bytes', ({ head, expected }) => {
  expect(detectCompression(head)).toBe(expected);
  expect(detectCompression(head.subarray(0, COMPRESSION_HEAD_BYTES))).toBe(expected);
});

test('less than a magic is no compression', () => {
  for (const packed of [gzipSync('oar').subarray(0, 2), XZ_FIXTURES[0]!.packed.subarray(0, 5)])
    expect(detectCompression(packed)).toBe('none');
});
