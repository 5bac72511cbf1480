import { expect, test } from 'vitest';
import { hasherSuite } from '../testing/hasher-suite.ts';
import { createNodeHasher, NodeHasher } from './node-hasher.ts';

hasherSuite('NodeHasher', () => new NodeHasher());

test('hashes with sha512 where a digest asks for it', () => {
  const hasher = createNodeHasher('sha512');
  hasher.update(new TextEncoder().encode('abc'));
  expect(hasher.digest()).toBe(
    'sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a' +
      '2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
  );
});
