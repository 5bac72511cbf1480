import { lstatSync } from 'node:fs';
import { basename, posix } from 'node:path';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { decompressAuto } from '../../compression/decompress.ts';
import type { VerbOptions } from '../../events.ts';
import { pathIn, walkBelow } from '../../rootfs/scoped-walk.ts';
import type { ContainerDeps } from './container-deps.ts';
import { unpackInto } from './copy-files.ts';
import { type ContainerFiles, fromLatin1, openContainerFiles } from './files/container-files.ts';
import { type ContainerFile, locate } from './files/container-locations.ts';

export interface FileStatRequest {
  readonly container: string;
  /** In the container. */
  readonly path: string;
}

/** What the Engine API tells of something in a container. */
export interface FileStat {
  readonly name: string;
  readonly size: number;
  /** As lstat(2) has it. */
  readonly mode: number;
  readonly modifiedAt: Date;
  /** Absolute in the container; absent: it is no link. */
  readonly linkTarget?: string;
}

export interface ExtractRequest {
  readonly container: string;
  /** A directory in the container that is there. */
  readonly path: string;
  /** A tar, packed or not. */
  readonly archive: ByteSource;
}

/**
 * Looks at what lies at a container's path; a link at its end is not followed. Throws `CONTAINER_UNKNOWN`,
 * `FILE_NOT_FOUND` and `INVALID_ARGUMENT` in Docker's words.
 */
export async function statFile(
  deps: ContainerDeps,
  { container, path }: FileStatRequest,
  options: VerbOptions = {},
): Promise<FileStat> {
  await using files = await openContainerFiles(deps, container, 'all', options);
  using found = locate(files, { container, path });
  const stats = lstatSync(pathIn(found.fd, found.file ?? '.'));
  return {
    name: nameOf(found, path),
    size: stats.size,
    mode: stats.mode,
    modifiedAt: stats.mtime,
    ...(stats.isSymbolicLink() && { linkTarget: targetOf(files, found.path) }),
  };
}

/**
 * Unpacks an archive into a container's directory, whether the container runs or not; owners are those of the archive.
 * Throws `CONTAINER_UNKNOWN`, `FILE_NOT_FOUND` and `INVALID_ARGUMENT` in Docker's words, and what `writeTree` throws;
 * what was unpacked until then stays.
 */
export async function extractArchive(
  deps: ContainerDeps,
  { container, path, archive }: ExtractRequest,
  options: VerbOptions = {},
): Promise<void> {
  await using files = await openContainerFiles(deps, container, 'all', options);
  const target = { directory: path, isOwned: false };
  await unpackInto(files, { container, path, source: { archive } }, target, decompressAuto(archive), options);
}

function nameOf({ base }: ContainerFile, asked: string): string {
  return base === '' || base === '.' ? basename(posix.join('/', asked)) || '/' : base;
}

/** Where a link leads in the end. */
function targetOf({ root, grafts }: ContainerFiles, path: string): string {
  using walked = walkBelow(root, path, grafts);
  return `/${fromLatin1(walked.path)}`;
}
