import { join } from 'node:path';
import { type ContainerPaths, containerPaths } from '../../runtime/container-directory.ts';

/** Where a container's files lie. */
export interface ContainerPlaces {
  readonly paths: ContainerPaths;
  /** The root file system, while the container runs. */
  readonly rootfs: string;
  /** What the container changed in it. */
  readonly upper: string;
  readonly log: string;
}

/** Of an ID: sockets have short names, so the directory's name is not all of it. */
const NAME_CHARS = 12;

/** Names the files of a container. Throws `INVALID_ARGUMENT` when the root's path is too long for a socket. */
export function containerPlaces(root: string, id: string): ContainerPlaces {
  const paths = containerPaths(join(root, 'containers', id.slice(0, NAME_CHARS)));
  const { directory } = paths;
  return {
    paths,
    rootfs: join(directory, 'rootfs'),
    upper: join(directory, 'upper'),
    log: join(directory, 'json.log'),
  };
}
