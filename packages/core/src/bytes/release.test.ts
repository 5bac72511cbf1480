import { expect, test } from 'vitest';
import { releaseChunk } from './release.ts';

test('empties a chunk that is all of its memory', () => {
  const chunk = new Uint8Array(16);
  releaseChunk(chunk);
  expect(chunk.length).toBe(0);
  expect(chunk.buffer.byteLength).toBe(0);
});

test('leaves memory alone that a later chunk may share', () => {
  const memory = new Uint8Array(16);
  releaseChunk(memory.subarray(0, 8));
  expect(memory.length).toBe(16);
});
