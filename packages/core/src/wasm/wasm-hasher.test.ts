import { describe, expect, test } from 'vitest';
import { hasherSuite, resumableHasherSuite } from '../testing/hasher-suite.ts';
import { loadCoreModule, loadCoreModuleSync } from './load.ts';
import { WasmHasher } from './wasm-hasher.ts';

const module = loadCoreModuleSync();

hasherSuite('WasmHasher', () => WasmHasher.create(module));
resumableHasherSuite(
  'WasmHasher',
  () => WasmHasher.create(module),
  (state) => WasmHasher.restore(module, state),
);

describe('the saved state of WasmHasher', () => {
  test('has a format that other versions of this software rely on', () => {
    const hasher = WasmHasher.create(module);
    hasher.update(new TextEncoder().encode(`${'a'.repeat(64)}tail`));
    expect(Buffer.from(hasher.save()).toString('hex')).toBe(
      [
        '77736801',
        'df5bb81ce81e0626fb45a8944fd40f31b25e6816d6d499c1ab90492900635e66',
        '0000000000000044',
        Buffer.from('tail').toString('hex'),
      ].join(''),
    );
  });

  test('fits a header or a database column', () => {
    const hasher = WasmHasher.create(module);
    hasher.update(new Uint8Array(63));
    expect(hasher.save().length).toBe(107);
  });

  test('carries lengths beyond 4 GiB', () => {
    // 2^32 zero bytes take too long here: the state after them is written by hand from one of fewer bytes.
    const hasher = WasmHasher.create(module);
    hasher.update(new Uint8Array(64));
    const state = hasher.save();
    state.set([0, 0, 0, 1, 0, 0, 0, 64], 36);
    const saved = WasmHasher.restore(module, state).save();
    expect(saved).toEqual(state);
  });
});

test('the module is compiled once', async () => {
  expect(await loadCoreModule()).toBe(module);
  expect(loadCoreModuleSync()).toBe(module);
});
