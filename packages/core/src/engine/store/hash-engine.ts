import { createNodeHasher } from '../../bytes/node-hasher.ts';
import type { HasherFactory } from '../../digest.ts';
import { loadCoreModule, loadCoreModuleSync } from '../../wasm/load.ts';
import { WasmHasher } from '../../wasm/wasm-hasher.ts';

/** Who computes SHA-256 of a stream. */
export type HashEngine = 'node' | 'wasm';

const SAMPLE_BYTES = 128 * 1024;
const ROUNDS = 8;

/**
 * Measures both engines on this machine, in some milliseconds, and returns the faster: `node` where the
 * CPU has SHA instructions, as a rule. Meant to be called once per process.
 */
export function measureHashEngines(now: () => number = () => performance.now()): HashEngine {
  const module = loadCoreModuleSync();
  const sample = new Uint8Array(SAMPLE_BYTES);
  const node = bestTime(createNodeHasher, sample, now);
  const wasm = bestTime(() => WasmHasher.create(module), sample, now);
  // On a tie the one without copies into another memory.
  return wasm < node ? 'wasm' : 'node';
}

/** Makes the factory of an engine's hashers. */
export async function hasherFactory(engine: HashEngine): Promise<HasherFactory> {
  if (engine === 'node') return () => createNodeHasher();
  const module = await loadCoreModule();
  return () => WasmHasher.create(module);
}

/** The best round counts: the first ones run code that is not optimised yet. */
function bestTime(create: HasherFactory, sample: Uint8Array, now: () => number): number {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const start = now();
    const hasher = create();
    hasher.update(sample);
    hasher.digest();
    best = Math.min(best, now() - start);
  }
  return best;
}
