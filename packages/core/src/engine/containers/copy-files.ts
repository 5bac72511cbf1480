import { closeSync, constants, openSync } from 'node:fs';
import { posix } from 'node:path';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { releaseChunk } from '../../bytes/release.ts';
import { decompressAuto } from '../../compression/decompress.ts';
import type { VerbOptions } from '../../events.ts';
import { readTree } from '../../rootfs/read-tree.ts';
import { type WriteTreeResult, writeTree } from '../../rootfs/write-tree.ts';
import type { ContainerDeps } from './container-deps.ts';
import { type ContainerFiles, fromLatin1, openContainerFiles, toLatin1 } from './files/container-files.ts';
import { type ContainerFile, findTarget, locate, locateDirectory } from './files/container-locations.ts';
import { containerPath, copyFault, placeOf } from './files/copy-paths.ts';
import { localDestination, localSource } from './files/local-copy.ts';

const OPEN_DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY;
/** Of chunks this large nothing is a header. */
const PAYLOAD_BYTES = 16 * 1024;
/** Without `keepOwners` what comes into a container is root's, as Docker's documentation has it. */
const ROOT = { uid: 0, gid: 0 };

export interface FileCopyOptions extends VerbOptions {
  /** Hears how many bytes of the archive have been read so far. */
  readonly onTransfer?: (bytes: number) => void;
}

export interface CopyOutRequest {
  readonly container: string;
  /** In the container. */
  readonly path: string;
  /** A link at its end is followed. */
  readonly followLink?: boolean;
  /** A path of this machine's. */
  readonly target: string;
  /** What is written keeps the owners that it has in the container; else it is the caller's. */
  readonly keepOwners?: boolean;
}

export interface CopyInRequest {
  readonly container: string;
  /** In the container. */
  readonly path: string;
  /** A path of this machine's, or an archive, packed or not, which goes into a directory that is there. */
  readonly source:
    | { readonly path: string; readonly followLink?: boolean }
    | { readonly archive: ByteSource };
  /** What comes from a path keeps its owners; else it is root's. Those of an archive are kept always. */
  readonly keepOwners?: boolean;
}

export interface FileCopyResult {
  /** Bytes of the files; of a directory from a container those of its archive. */
  readonly contentBytes: number;
  /** Bytes of the archive. */
  readonly transferredBytes: number;
  /** Where it went, absolute. */
  readonly target: string;
}

/**
 * Writes what lies at a container's path as a tar, as the Engine API does. Throws `CONTAINER_UNKNOWN`, `FILE_NOT_FOUND`
 * and `INVALID_ARGUMENT` in Docker's words, `CONFLICT` for a file that shrinks meanwhile, `CANCELLED`.
 */
export async function* copyOutArchive(
  deps: ContainerDeps,
  request: Omit<CopyOutRequest, 'target' | 'keepOwners'>,
  options: VerbOptions = {},
): ByteSource {
  await using files = await openContainerFiles(deps, request.container, 'all', options);
  using source = locate(files, request);
  yield* archiveOf(files, source, source.base, options);
}

/**
 * Copies what lies at a container's path to one of this machine's, by Docker's rules. Throws as `copyOutArchive` does,
 * `NO_SPACE`, `PERMISSION_DENIED`; what was copied until then stays.
 */
export async function copyOut(
  deps: ContainerDeps,
  request: CopyOutRequest,
  options: FileCopyOptions = {},
): Promise<FileCopyResult> {
  const destination = await localDestination(request.target);
  await using files = await openContainerFiles(deps, request.container, 'all', options);
  using source = locate(files, request);
  const place = placeOf(source, destination);
  const counted = count(archiveOf(files, source, place.name, options), true, options);
  const directory = openSync(Buffer.from(place.directory), OPEN_DIRECTORY);
  try {
    const owner = !request.keepOwners && { owner: callingUser(), unprivileged: true };
    const { signal } = options;
    const result = await writeTree({
      ...{ root: directory, directory: '/', archive: counted.source, ...owner },
      ...(signal && { signal }),
    });
    warnOf(result, options);
    const transferredBytes = counted.bytes();
    const contentBytes = source.isDirectory ? transferredBytes : source.size;
    return { contentBytes, transferredBytes, target: destination.path };
  } finally {
    closeSync(directory);
  }
}

/**
 * Copies something of this machine's, or an archive, to a container's path, by Docker's rules. Nothing lands outside of
 * what the container's own processes could reach. Throws `CONTAINER_UNKNOWN`, `FILE_NOT_FOUND` and `INVALID_ARGUMENT` in
 * Docker's words, and what `writeTree` throws; what was copied until then stays.
 */
export async function copyIn(
  deps: ContainerDeps,
  request: CopyInRequest,
  options: FileCopyOptions = {},
): Promise<FileCopyResult> {
  const { source } = request;
  const local = 'path' in source ? await localSource(source.path, source.followLink ?? false) : undefined;
  await using files = await openContainerFiles(deps, request.container, 'all', options);
  const target = findTarget(files, request);
  if ('archive' in source) {
    if (!target.isDirectory)
      throw copyFault(`destination "${request.container}:${request.path}" must be a directory`);
    return await unpackInto(
      files,
      request,
      { directory: target.path, isOwned: false },
      decompressAuto(source.archive),
      options,
    );
  }
  if (local === undefined) throw new Error('a copy has a source');
  const place = placeOf(local, target);
  const parent = local.isDirectory ? local.path : posix.dirname(local.path);
  const fd = openSync(parent, OPEN_DIRECTORY);
  try {
    const { signal } = options;
    const archive = readTree({
      ...{ directory: fd, name: toLatin1(place.name) },
      ...(!local.isDirectory && { base: toLatin1(posix.basename(local.path)) }),
      ...(signal && { signal }),
    });
    const owner = !request.keepOwners && { owner: ROOT };
    const to = { directory: place.directory, isOwned: true, ...owner };
    return { ...(await unpackInto(files, request, to, archive, options)), target: target.path };
  } finally {
    closeSync(fd);
  }
}

interface UnpackTarget {
  /** In the container. */
  readonly directory: string;
  /** Nobody else has the archive's chunks. */
  readonly isOwned: boolean;
  readonly owner?: typeof ROOT;
}

/** Unpacks an archive into a directory of the container's that is there. */
export async function unpackInto(
  files: ContainerFiles,
  request: CopyInRequest,
  { directory, isOwned, owner }: UnpackTarget,
  archive: ByteSource,
  options: FileCopyOptions,
): Promise<FileCopyResult> {
  const path = locateDirectory(files, request.container, containerPath(directory));
  const counted = count(archive, isOwned, options);
  const result = await writeTree({
    ...{
      root: files.root,
      directory: path,
      archive: counted.source,
      grafts: files.grafts,
      mounted: files.mounted,
    },
    ...{ undisturbed: files.undisturbed, ...(owner && { owner }) },
    ...(options.signal && { signal: options.signal }),
  });
  warnOf(result, options);
  return { contentBytes: result.contentBytes, transferredBytes: counted.bytes(), target: fromLatin1(path) };
}

function archiveOf(
  { hollow }: ContainerFiles,
  source: ContainerFile,
  name: string,
  { signal }: VerbOptions,
): ByteSource {
  const prefix = source.path === '' ? '' : `${source.path}/`;
  const below = hollow.filter((path) => path.startsWith(prefix)).map((path) => path.slice(prefix.length));
  return readTree({
    ...{ directory: source.fd, name: toLatin1(name), hollow: source.isDirectory ? below : [] },
    ...(source.file !== undefined && { base: source.file }),
    ...(signal && { signal }),
  });
}

/** Counts an archive on its way to `writeTree`, which keeps nothing of a chunk when it asks for the next. */
function count(
  source: ByteSource,
  isOwned: boolean,
  { onTransfer }: FileCopyOptions,
): { source: ByteSource; bytes(): number } {
  let bytes = 0;
  async function* counted(): ByteSource {
    for await (const chunk of source) {
      bytes += chunk.length;
      onTransfer?.(bytes);
      yield chunk;
      // Small ones may share their memory with others.
      if (isOwned && chunk.length >= PAYLOAD_BYTES) releaseChunk(chunk);
    }
  }
  return { source: counted(), bytes: () => bytes };
}

function callingUser(): typeof ROOT {
  return { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
}

function warnOf({ skippedXattrs }: WriteTreeResult, { onProgress }: VerbOptions): void {
  if (skippedXattrs.length === 0) return;
  const message = `extended attributes left out that cannot be set here: ${skippedXattrs.join(', ')}`;
  onProgress?.({ kind: 'warning', message });
}
