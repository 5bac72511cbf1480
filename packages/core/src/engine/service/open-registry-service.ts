import { randomUUID } from 'node:crypto';
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
import { Notifications, type NotificationsDeps, observerOf } from './housekeeping/notifications.ts';
import { createHousekeeping, type Housekeeping, tellingOf } from './housekeeping/open-housekeeping.ts';
import { type QuotaLimit, Quotas } from './housekeeping/quotas.ts';
import { withQuotas } from './housekeeping/with-quotas.ts';
import { withTrash } from './housekeeping/with-trash.ts';
import { createRegistryService, type RegistryService } from './registry-service.ts';
import { UploadSessions } from './upload-sessions.ts';

const NOBODY = { subscriptions: [], origin: () => ({}), warn: () => {} };

/** How to open a store for a registry. */
export interface RegistryServiceOptions {
  /** Directory of the store; absent: `WHERRY_ROOT`, else the platform's data directory. */
  readonly root?: string;
  /** Absent: the process's own. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** How much repositories may take; absent: as much as there is. */
  readonly quotas?: readonly QuotaLimit[];
  /** Who is told of what happens; absent: nobody. */
  readonly notify?: Pick<NotificationsDeps, 'subscriptions' | 'origin' | 'warn'>;
}

/** A registry service over a store that it opened. */
export interface OpenedRegistryService extends RegistryService {
  /** What waits to be told. */
  readonly notifications: Notifications;
  readonly housekeeping: Housekeeping;
  readonly quotas: Quotas;
}

/** Opens the store and the service over it. Throws `SCHEMA_TOO_NEW`, `PERMISSION_DENIED`, `CORRUPT`. */
export async function openRegistryService(
  options: RegistryServiceOptions = {},
): Promise<OpenedRegistryService> {
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
    const notifications = new Notifications({
      ...(options.notify ?? NOBODY),
      queue: metadata.webhooks,
      now: () => clock.now(),
      newId: randomUUID,
    });
    const quotas = new Quotas(store, options.quotas ?? []);
    metadata.observeCatalog([quotas, observerOf(notifications)]);
    const pathOf = (digest: Digest) => blobs.pathOf(digest);
    const parts = { blobs, metadata, pathOf, uploads, fastHasher, notifications, close };
    const service = createRegistryService(parts);
    const housekeeping = createHousekeeping({
      store,
      now: () => clock.now(),
      onRemoved: tellingOf(notifications),
    });
    return { ...withQuotas(withTrash(service, store), quotas), notifications, housekeeping, quotas };
  } catch (error) {
    store.close();
    throw error;
  }
}
