import { createReadStream, existsSync } from 'node:fs';
import { NodeHasher } from '../../bytes/node-hasher.ts';
import { listTrash, removeFromTrashSync, trashPath } from '../../content/trash-files.ts';
import { type Digest, digestAlgorithm } from '../../digest.ts';
import { isErrno, throwIfCancelled } from '../../errors.ts';
import type { Fault } from '../engine.ts';
import { restoreBlob } from '../service/housekeeping/trash.ts';
import type { Store } from '../store/store.ts';

/**
 * Looks at what was collected and can still be brought back: a blob that is bad must not come back, one that
 * something holds, whose return a loss of power has undone, has to.
 */
export async function checkTrash(check: {
  readonly store: Store;
  readonly repair: boolean;
  readonly signal: AbortSignal | undefined;
}): Promise<Fault[]> {
  const { store, repair, signal } = check;
  const faults: Fault[] = [];
  for (const digest of await listTrash(store.root)) {
    throwIfCancelled(signal);
    const found = await hashOf(trashPath(store.root, digest), digest);
    if (found !== undefined && found !== digest) {
      if (repair) removeFromTrashSync(store.root, digest);
      faults.push({
        kind: 'blob-corrupt',
        subject: digest,
        message: `blob ${digest}: its bytes in the trash have the digest ${found}`,
        ...(repair && { repaired: 'dropped' }),
      });
    } else if (found !== undefined && isMissed(store, digest)) {
      if (repair) restoreBlob(store, digest);
      faults.push({
        kind: 'blob-missing',
        subject: digest,
        message: `blob ${digest}: is needed, and lies in the trash`,
        ...(repair && { repaired: 'taken out of the trash' }),
      });
    }
  }
  return faults;
}

function isMissed({ metadata, blobs }: Store, digest: Digest): boolean {
  return !existsSync(blobs.pathOf(digest)) && metadata.isHeld(digest);
}

/** `undefined`: it has been brought back, or removed, meanwhile. */
async function hashOf(path: string, digest: Digest): Promise<Digest | undefined> {
  const hasher = new NodeHasher(digestAlgorithm(digest) === 'sha512' ? 'sha512' : 'sha256');
  try {
    for await (const chunk of createReadStream(path)) hasher.update(chunk as Buffer);
    return hasher.digest();
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
