import { expect, test } from 'vitest';
import { createNodeHasher } from '../bytes/node-hasher.ts';
import { sha256 } from '../testing/layer-fixtures.ts';
import { chainIDs } from './chain-id.ts';

const [a, b, c] = ['a', 'b', 'c'].map((text) => sha256(Buffer.from(text)));

test('a chain ID is the digest of the one below and the diffID, the lowest its own', () => {
  const ab = sha256(Buffer.from(`${a} ${b}`));
  expect(chainIDs([a!, b!, c!], createNodeHasher)).toEqual([a, ab, sha256(Buffer.from(`${ab} ${c}`))]);
});

test('no layers have no chain IDs', () => {
  expect(chainIDs([], createNodeHasher)).toEqual([]);
});
