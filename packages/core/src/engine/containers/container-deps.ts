import { join } from 'node:path';
import { makeStoreDirectory } from '../../content/durable-file.ts';
import { acquireFileLock, type FileLock } from '../../content/file-lock.ts';
import type { Platform } from '../../platform.ts';
import type { Snapshots } from '../../rootfs/snapshots.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { Store } from '../store/store.ts';

/** What verbs on containers work with. */
export interface ContainerDeps {
  readonly store: Store;
  readonly snapshots: Snapshots;
  readonly host: Platform;
  /** A directory in which parts of volumes are mounted on their way into containers. */
  readonly subpaths: string;
  /** Looks for the program when it is first needed: lists do without. Throws `UNSUPPORTED`. */
  readonly runtime: () => Runtime;
  readonly now: () => Date;
}

/**
 * Keeps other processes from starting, clearing away or removing the container meanwhile. It lies outside of the
 * container's directory, which goes before it. Throws `CANCELLED`.
 */
export async function lockContainer(
  { store }: Pick<ContainerDeps, 'store'>,
  id: string,
  signal?: AbortSignal,
): Promise<FileLock> {
  const directory = join(store.root, 'containers', 'locks');
  await makeStoreDirectory(directory);
  return await acquireFileLock(join(directory, id), { signal });
}
