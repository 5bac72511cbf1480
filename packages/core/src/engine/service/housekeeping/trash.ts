import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { blobPath, tocPath } from '../../../content/store-paths.ts';
import {
  listTrash,
  removeFromTrashSync,
  restoreFromTrashSync,
  restoreTocSync,
  trashPath,
} from '../../../content/trash-files.ts';
import type { Digest } from '../../../digest.ts';
import { isErrno, throwIfCancelled } from '../../../errors.ts';
import { isIndexType, isManifestType } from '../../../oci/media-types.ts';
import { MAX_MANIFEST_BYTES, readDocument } from '../../store/documents.ts';
import type { Store } from '../../store/store.ts';
import { readPushedDocument } from '../registry-documents.ts';

/** What the trash gives up for good. */
export interface ExpiredBlob {
  readonly digest: Digest;
  readonly size: number;
}

/** The part of a store that brings content back. */
export type RestoreStore = Pick<Store, 'root' | 'metadata' | 'blobs'>;

/**
 * Brings back a blob, with its records, if it is in the trash, or was brought back by somebody who has no use for
 * records. Tells whether it did anything. Cheap where there is nothing to do.
 */
export function restoreBlob({ root, metadata }: RestoreStore, digest: Digest): boolean {
  restoreFromTrashSync(root, digest);
  return metadata.trash.restore(digest, () => {
    const blob = existsSync(blobPath(root, digest));
    if (blob) restoreTocSync(root, digest);
    return { blob, toc: existsSync(tocPath(root, digest)) };
  });
}

/**
 * Puts a manifest that was collected back into its repository, with all that it cannot do without. Tells whether
 * it is there again; it is not when some of that is gone for good.
 */
export async function restoreManifest(
  store: RestoreStore,
  repository: string,
  digest: Digest,
): Promise<boolean> {
  if (!store.metadata.trash.hasManifest(repository, digest)) return false;
  const isWhole = await restoreTree(store, digest);
  return isWhole && store.metadata.trash.restoreManifest(repository, digest);
}

async function restoreTree(store: RestoreStore, root: Digest): Promise<boolean> {
  const { blobs, metadata } = store;
  const found = new Map<Digest, string | undefined>([[root, undefined]]);
  for (const [digest, mediaType] of found) {
    // Before it is looked for: from now on no collection takes it.
    metadata.touch(digest);
    restoreBlob(store, digest);
    if (!existsSync(blobPath(store.root, digest))) return false;
    const type = digest === root ? metadata.findDocument(digest)?.mediaType : mediaType;
    if (type === undefined || !(isIndexType(type) || isManifestType(type))) continue;
    const bytes = await readDocument(blobs, digest, MAX_MANIFEST_BYTES);
    for (const child of readPushedDocument(bytes, type).required) found.set(child.digest, child.mediaType);
  }
  return true;
}

/**
 * Removes what has been in the trash for `graceMs`; what something holds comes back instead. Files that no record
 * speaks of, which a lost database leaves, go by the time at which they were moved.
 */
export async function emptyTrash(
  deps: { readonly store: Store; readonly now: () => Date },
  graceMs: number,
  signal?: AbortSignal,
): Promise<ExpiredBlob[]> {
  const { store } = deps;
  const { metadata, root } = store;
  const removed: ExpiredBlob[] = [];
  for (const { digest, size } of await expiredTrash(deps, graceMs)) {
    throwIfCancelled(signal);
    if (metadata.isHeld(digest) && restoreBlob(store, digest)) continue;
    const isGone = metadata.atomically(() => {
      if (metadata.isHeld(digest) && existsSync(trashPath(root, digest))) return false;
      metadata.trash.forget(digest);
      return removeFromTrashSync(root, digest);
    });
    if (isGone) removed.push({ digest, size });
  }
  metadata.atomically(() => metadata.trash.forgetManifestsUntil(new Date(deps.now().getTime() - graceMs)));
  return removed;
}

/** What `emptyTrash` would look at, oldest first. */
export async function expiredTrash(
  { store, now }: { readonly store: Store; readonly now: () => Date },
  graceMs: number,
): Promise<ExpiredBlob[]> {
  const until = new Date(now().getTime() - graceMs);
  const expired: ExpiredBlob[] = store.metadata.trash.list(until);
  for (const digest of await listTrash(store.root)) {
    if (store.metadata.trash.has(digest)) continue;
    const moved = await movedAt(trashPath(store.root, digest));
    if (moved !== undefined && moved.at <= until.getTime()) expired.push({ digest, size: moved.size });
  }
  return expired;
}

/** A rename changes nothing of a file but the time of its last change of state. */
async function movedAt(path: string): Promise<{ at: number; size: number } | undefined> {
  try {
    const { ctimeMs, size } = await stat(path);
    return { at: ctimeMs, size };
  } catch (error) {
    // A table of contents alone: its blob's record speaks for it as long as there is one.
    if (isErrno(error, 'ENOENT')) return { at: 0, size: 0 };
    throw error;
  }
}
