import { expect, test } from 'vitest';
import { RecentChunks } from './recent-chunks.ts';

const bytesOf = (...values: number[]) => Uint8Array.from(values);

test('the last bytes are given from any place, as far as they are wanted', () => {
  const recent = new RecentChunks(6);
  recent.add(0, bytesOf(0, 1, 2));
  recent.add(3, bytesOf(3, 4, 5));
  expect(recent.take(1, 10)?.bytes).toEqual(bytesOf(1, 2));
  expect(recent.take(3, 5)?.bytes).toEqual(bytesOf(3, 4));
  expect(recent.take(6, 7)).toBeUndefined();
});

test('older ones go, and give their memory back as soon as nobody has it', () => {
  const recent = new RecentChunks(4);
  const chunks = [bytesOf(0, 1), bytesOf(2, 3), bytesOf(4, 5), bytesOf(6, 7)];
  recent.add(0, chunks[0]!);
  const taken = recent.take(0, 2);
  for (const at of [1, 2, 3]) recent.add(at * 2, chunks[at]!);
  expect(recent.take(0, 2)).toBeUndefined();
  expect(taken?.bytes).toEqual(bytesOf(0, 1));
  expect(chunks.map(({ length }) => length)).toEqual([2, 0, 2, 2]);
  taken?.giveBack();
  expect(chunks.map(({ length }) => length)).toEqual([0, 0, 2, 2]);
  recent.clear();
  expect(chunks.map(({ length }) => length)).toEqual([0, 0, 0, 0]);
});

test('one that alone is too large stays until the next', () => {
  const recent = new RecentChunks(1);
  recent.add(0, bytesOf(0, 1));
  expect(recent.take(0, 2)?.bytes).toEqual(bytesOf(0, 1));
});
