import { createNodeHasher } from '../bytes/node-hasher.ts';
import type { HasherFactory } from '../digest.ts';
import { loadCoreModuleSync } from '../wasm/load.ts';
import { WasmHasher } from '../wasm/wasm-hasher.ts';
import type { HashEngine } from './pass-protocol.ts';

/** Makes hashers of one engine, without waiting for anything. */
export function hashersOf(engine: HashEngine): HasherFactory {
  return engine === 'wasm' ? () => WasmHasher.create(loadCoreModuleSync()) : () => createNodeHasher();
}
