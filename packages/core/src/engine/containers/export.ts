import type { ByteSource } from '../../bytes/byte-source.ts';
import { WherryError } from '../../errors.ts';
import type { VerbOptions } from '../../events.ts';
import { readRootfs } from '../../rootfs/read-tree.ts';
import type { ContainerDeps } from './container-deps.ts';
import { openContainerFiles } from './files/container-files.ts';

/**
 * Writes a container's root file system as a tar, as Docker does: what is mounted in it is left out. Throws
 * `CONTAINER_UNKNOWN`, `CONFLICT` for one that is dead or a file that shrinks meanwhile, `CANCELLED`.
 */
export async function* exportContainer(
  deps: ContainerDeps,
  container: string,
  options: VerbOptions = {},
): ByteSource {
  await using files = await openContainerFiles(deps, container, 'own', options);
  const { id, state } = files.record;
  if (state.status === 'dead')
    throw new WherryError('CONFLICT', `You cannot export container ${id} which is Dead`);
  yield* readRootfs(files.root, options.signal);
}
