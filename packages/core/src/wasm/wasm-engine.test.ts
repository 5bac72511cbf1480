import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { loadWasmEngine } from './wasm-engine.ts';

const BYTES = Buffer.from('a light cargo boat with a crew of one');

test('goes on with a hash where another engine saved it', async () => {
  const [first, second] = await Promise.all([loadWasmEngine(), loadWasmEngine()]);
  const begun = first.createHasher();
  begun.update(BYTES.subarray(0, 11));
  const rest = second.restoreHasher(begun.save());
  rest.update(BYTES.subarray(11));
  expect(rest.digest()).toBe(`sha256:${createHash('sha256').update(BYTES).digest('hex')}`);
});

test('makes scanners that know nothing of each other', async () => {
  const engine = await loadWasmEngine();
  const [one, other] = [engine.createScanner(), engine.createScanner()];
  one.push(new Uint8Array(100));
  expect([...other.push(new Uint8Array(1024))]).toEqual([]);
  expect(() => other.finish()).not.toThrow();
  expect(() => one.finish()).toThrow('unexpected EOF');
});
