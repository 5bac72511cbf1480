import { readdirSync } from 'node:fs';
import { isErrno } from '../../../errors.ts';
import { seenBySupervisor } from '../../../runtime/supervisor.ts';
import type { ContainerPlaces } from '../container-places.ts';

/**
 * Where we see the root file system of a container that runs, without what is mounted in it: `pid` is its first process.
 * `undefined`: only the container itself sees it, since its supervisor was killed.
 */
export function runningRootfs(
  { paths, rootfs }: Pick<ContainerPlaces, 'paths' | 'rootfs'>,
  pid: number,
): string | undefined {
  return isFilled(rootfs) ? rootfs : seenBySupervisor(paths, rootfs, pid);
}

/** A runtime leaves none empty: it makes where to mount. */
function isFilled(directory: string): boolean {
  try {
    return readdirSync(directory).length > 0;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}
