import { join } from 'node:path';
import { inStoreDirectory } from '../../content/durable-file.ts';
import { acquireFileLock, type FileLock, tryFileLock } from '../../content/file-lock.ts';
import type { Platform } from '../../platform.ts';
import type { Snapshots } from '../../rootfs/snapshots/snapshots.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { Store } from '../store/store.ts';
import { containersDirectory, directoryName } from './container-places.ts';

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
 * Keeps other processes from making, starting, clearing away or removing the container meanwhile. It lies outside of
 * the container's directory, which goes before it, and has its name. Throws `CANCELLED`.
 */
export async function lockContainer(
  { store }: Pick<ContainerDeps, 'store'>,
  id: string,
  signal?: AbortSignal,
): Promise<FileLock> {
  return inStoreDirectory(locksDirectory(store.root), () => acquireFileLock(lockPath(store, id), { signal }));
}

/** The same, unless somebody else has it now. */
export async function tryLockContainer(
  { store }: Pick<ContainerDeps, 'store'>,
  id: string,
): Promise<FileLock | undefined> {
  return inStoreDirectory(locksDirectory(store.root), () => tryFileLock(lockPath(store, id)));
}

/** Where the locks lie. */
export function locksDirectory(root: string): string {
  return join(containersDirectory(root), 'locks');
}

function lockPath({ root }: Store, id: string): string {
  return join(locksDirectory(root), directoryName(id));
}
