import type { ResumableHasher } from '../digest.ts';
import type { TarScanner } from '../tar/scanner.ts';
import { loadCoreModule } from './load.ts';
import { WasmHasher } from './wasm-hasher.ts';
import { WasmTarScanner } from './wasm-tar-scanner.ts';

/** Hashers and scanners that need no Node.js: what a layer is read with in a browser or an edge worker. */
export interface WasmEngine {
  /** A SHA-256 of one stream. Its state can be saved. */
  readonly createHasher: () => ResumableHasher;
  /** Goes on from what `save()` gave, in whatever host. Throws `INVALID_ARGUMENT` for another text. */
  readonly restoreHasher: (state: Uint8Array) => ResumableHasher;
  /** A scanner of one tar. */
  readonly createScanner: () => TarScanner;
}

/** Compiles the AssemblyScript module, once per process or page. Its parts fit `ingestLayer` as they are. */
export async function loadWasmEngine(): Promise<WasmEngine> {
  const module = await loadCoreModule();
  return {
    createHasher: () => WasmHasher.create(module),
    restoreHasher: (state) => WasmHasher.restore(module, state),
    createScanner: () => new WasmTarScanner(module),
  };
}
