import type { BlobInfo } from '../../../content/blob-store.ts';
import type { Digest } from '../../../digest.ts';
import { throwIfCancelled } from '../../../errors.ts';
import type { CatalogEntry } from '../../../metadata/untagged-manifests.ts';
import type { Store } from '../../store/store.ts';
import { emptyTrash, expiredTrash } from './trash.ts';
import { unneededManifests } from './unneeded-manifests.ts';

/** Blobs, or manifests, to a transaction: a push waits for one at most. */
const BATCH = 100;

/** What garbage collection is to take. */
export interface CollectGarbageRequest {
  /** Manifests without a tag stay in their repositories until somebody deletes them. */
  readonly keepUntagged?: boolean;
  /** How long what was collected can still be brought back, in ms. */
  readonly trashGraceMs: number;
  /** Uploads and downloads that nobody has gone on with for so long are forgotten, in ms. */
  readonly uploadMaxAgeMs: number;
  /** Finds out what would go, and touches nothing. */
  readonly dryRun?: boolean;
}

/** One thing that went, or would go. */
export interface CollectedItem {
  /**
   * `manifest`: out of its repository, `blob`: into the trash, `trash`: out of it, for good, `upload`: what was
   * broken off.
   */
  readonly kind: 'manifest' | 'blob' | 'trash' | 'upload';
  /** The digest, for a manifest `repository@digest`; the key of an upload. */
  readonly subject: string;
  readonly bytes: number;
}

export interface CollectGarbageResult {
  readonly items: readonly CollectedItem[];
  /** Bytes that went into the trash. */
  readonly trashedBytes: number;
  /** Bytes that the file system got back. */
  readonly reclaimedBytes: number;
}

export interface CollectGarbageDeps {
  readonly store: Store;
  readonly now: () => Date;
}

/**
 * Collects what nothing needs while everybody goes on: whoever pushes, pulls or runs something on the same root
 * waits for one small transaction at most. What is collected rests in the trash first, from where a push or a read
 * brings it back. The process may be killed at any point. Throws `CANCELLED`.
 */
export async function collectGarbage(
  deps: CollectGarbageDeps,
  request: CollectGarbageRequest,
  options: { readonly signal?: AbortSignal } = {},
): Promise<CollectGarbageResult> {
  const { store } = deps;
  const doomed = request.keepUntagged ? [] : await unneededManifests(store);
  throwIfCancelled(options.signal);
  if (request.dryRun) return rehearse(deps, request, doomed);
  const items: CollectedItem[] = [];
  const sizes = await documentSizes(store, doomed);
  // Whole, because one may be kept by another that is doomed too.
  for (const entry of doomed.length > 0 ? store.metadata.untagged.drop(doomed) : [])
    items.push(manifestItem(entry, sizes));
  for (const blobs of batchesOf(await unmarked(store))) {
    throwIfCancelled(options.signal);
    const bytes = new Map(blobs.map(({ digest, size }) => [digest, size]));
    const moved = store.metadata.sweepToTrash((digest) => store.blobs.trashSync(digest), blobs);
    for (const digest of moved) items.push({ kind: 'blob', subject: digest, bytes: bytes.get(digest) ?? 0 });
    // Others get their turn.
    await new Promise(setImmediate);
  }
  for (const { digest, size } of await emptyTrash(deps, request.trashGraceMs, options.signal))
    items.push({ kind: 'trash', subject: digest, bytes: size });
  for (const { key, bytes } of await store.blobs.removeStaleIngests(request.uploadMaxAgeMs))
    items.push({ kind: 'upload', subject: key, bytes });
  return summary(items);
}

/** Does the same in a transaction that is undone. */
async function rehearse(
  deps: CollectGarbageDeps,
  request: CollectGarbageRequest,
  doomed: readonly CatalogEntry[],
): Promise<CollectGarbageResult> {
  const { store } = deps;
  const { metadata, blobs } = store;
  const sizes = await documentSizes(store, doomed);
  const all = await listBlobs(store);
  const items = metadata.atomically(
    () => {
      const dropped = metadata.untagged.drop(doomed);
      const marked = metadata.mark();
      return [
        ...dropped.map((entry) => manifestItem(entry, sizes)),
        ...all.filter(({ digest }) => !marked.has(digest)).map(blobItem),
      ];
    },
    { undo: true },
  );
  for (const { digest, size } of await expiredTrash(deps, request.trashGraceMs))
    items.push({ kind: 'trash', subject: digest, bytes: size });
  const newest = deps.now().getTime() - request.uploadMaxAgeMs;
  for (const { key, bytes, modifiedAt } of await blobs.ingests())
    if (modifiedAt.getTime() <= newest) items.push({ kind: 'upload', subject: key, bytes });
  return summary(items);
}

/** Blobs that nothing held when this looked; the sweep asks again. */
async function unmarked(store: Store): Promise<BlobInfo[]> {
  // Listed before the mark: what comes in between is marked, or is not listed.
  const all = await listBlobs(store);
  store.metadata.leasedDigests();
  const marked = store.metadata.mark();
  return all.filter(({ digest }) => !marked.has(digest));
}

async function listBlobs(store: Store): Promise<BlobInfo[]> {
  const found: BlobInfo[] = [];
  for await (const info of store.blobs.list()) found.push(info);
  return found;
}

async function documentSizes(
  { blobs }: Store,
  entries: readonly CatalogEntry[],
): Promise<Map<Digest, number>> {
  const sizes = new Map<Digest, number>();
  for (const { digest } of entries) sizes.set(digest, (await blobs.stat(digest))?.size ?? 0);
  return sizes;
}

function* batchesOf<T>(all: readonly T[]): Iterable<T[]> {
  for (let at = 0; at < all.length; at += BATCH) yield all.slice(at, at + BATCH);
}

function manifestItem(
  { repository, digest }: CatalogEntry,
  sizes: ReadonlyMap<Digest, number>,
): CollectedItem {
  return { kind: 'manifest', subject: `${repository}@${digest}`, bytes: sizes.get(digest) ?? 0 };
}

function blobItem({ digest, size }: BlobInfo): CollectedItem {
  return { kind: 'blob', subject: digest, bytes: size };
}

function summary(items: readonly CollectedItem[]): CollectGarbageResult {
  const bytesOf = (...kinds: CollectedItem['kind'][]) =>
    items.filter(({ kind }) => kinds.includes(kind)).reduce((sum, { bytes }) => sum + bytes, 0);
  return { items, trashedBytes: bytesOf('blob'), reclaimedBytes: bytesOf('trash', 'upload') };
}
