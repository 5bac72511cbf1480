import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { NodeHasher } from '../../bytes/node-hasher.ts';
import { systemClock } from '../../clock.ts';
import type { Digest } from '../../digest.ts';
import type { FilePiece } from '../../layer/hash-piece.ts';
import { PieceHashPool } from '../../layer/piece-hash-pool.ts';
import { INDEX_FILE } from '../../oci/layout.ts';
import { loadCoreModule } from '../../wasm/load.ts';
import { WasmHasher } from '../../wasm/wasm-hasher.ts';
import { storeRoot } from '../store/default-root.ts';
import { openStore } from '../store/open-store.ts';
import { createRegistryService, type RegistryService } from './registry-service.ts';
import { UploadSessions } from './upload-sessions.ts';

/** How to open a store for a registry. */
export interface RegistryServiceOptions {
  /** Directory of the store; absent: `WHERRY_ROOT`, else the platform's data directory. */
  readonly root?: string;
  /** Absent: the process's own. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Opens the store and the service over it. Throws `SCHEMA_TOO_NEW`, `PERMISSION_DENIED`, `CORRUPT`. */
export async function openRegistryService(options: RegistryServiceOptions = {}): Promise<RegistryService> {
  const module = await loadCoreModule();
  const store = openStore(storeRoot(options.root, options.env ?? process.env));
  try {
    // A store that only ever was a registry's is a layout too, which other tools can read. An index that this
    // metadata did not write is left: a repair can still read lost names from it.
    if (store.indexHistory() !== 'unwritten' || !existsSync(join(store.root, INDEX_FILE)))
      await store.publishIndex();
    const { root, blobs, metadata } = store;
    const resumableHasher = (state?: Uint8Array) =>
      state ? WasmHasher.restore(module, state) : WasmHasher.create(module);
    const fastHasher = store.hashEngine() === 'node' ? () => new NodeHasher() : resumableHasher;
    const pieces = new PieceHashPool();
    const hashPiece = (piece: FilePiece) => pieces.hash(piece);
    const clock = systemClock;
    const uploads = new UploadSessions({ blobs, root, resumableHasher, hashPiece, fastHasher, clock });
    const close = async () => {
      await pieces.close();
      store.close();
    };
    const pathOf = (digest: Digest) => blobs.pathOf(digest);
    return createRegistryService({ blobs, metadata, pathOf, uploads, fastHasher, close });
  } catch (error) {
    store.close();
    throw error;
  }
}
