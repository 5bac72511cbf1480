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
const NAME = new RegExp(`^[0-9a-f]{${NAME_CHARS}}$`);
/** Before the ID, of a directory that is being removed. */
const REMOVED = 'old-';

/** Where the containers of a store have their directories. */
export function containersDirectory(root: string): string {
  return join(root, 'containers');
}

/** The name of a container's directory, and of its lock. */
export function directoryName(id: string): string {
  return id.slice(0, NAME_CHARS);
}

/** Tells whether a name in `containersDirectory` is that of a container's directory. */
export function isDirectoryName(name: string): boolean {
  return NAME.test(name);
}

/** Where a container's directory goes first when it is removed, so that what is left of it is known for what it is. */
export function removedDirectory(root: string, id: string): string {
  return join(containersDirectory(root), `${REMOVED}${id}`);
}

/** The ID of the container whose directory was called so by `removedDirectory`. */
export function removedId(name: string): string | undefined {
  return name.startsWith(REMOVED) ? name.slice(REMOVED.length) : undefined;
}

/** Names the files of a container. Throws `INVALID_ARGUMENT` when the root's path is too long for a socket. */
export function containerPlaces(root: string, id: string): ContainerPlaces {
  const paths = containerPaths(join(containersDirectory(root), directoryName(id)));
  const { directory } = paths;
  return {
    paths,
    rootfs: `${directory}/rootfs`,
    upper: `${directory}/upper`,
    log: `${directory}/json.log`,
  };
}
