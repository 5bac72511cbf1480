import { describe, expect, test } from 'vitest';
import { hasherSuite } from '../../testing/hasher-suite.ts';
import { hasherFactory, measureHashEngines } from './hash-engine.ts';

for (const engine of ['node', 'wasm'] as const)
  hasherSuite(`the ${engine} engine`, await hasherFactory(engine));

describe('measureHashEngines', () => {
  test('names an engine', () => {
    expect(['node', 'wasm']).toContain(measureHashEngines());
  });

  test.each([
    { faster: 'node', nodeMs: 1, wasmMs: 3 },
    { faster: 'wasm', nodeMs: 3, wasmMs: 1 },
    { faster: 'node', nodeMs: 2, wasmMs: 2 },
  ] as const)(
    'names $faster when node takes $nodeMs ms and wasm $wasmMs ms',
    ({ faster, nodeMs, wasmMs }) => {
      const times = [...Array(8).fill(nodeMs), ...Array(8).fill(wasmMs)].flatMap((ms) => [0, ms]);
      expect(measureHashEngines(() => times.shift() ?? 0)).toBe(faster);
    },
  );
});
