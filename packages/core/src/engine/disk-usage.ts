import { lstatSync, readdirSync, type Stats } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { allocatedBytes } from '../content/allocated-bytes.ts';
import { ALGORITHMS, blobPath, decodeKey, tocPath } from '../content/store-paths.ts';
import { type Digest, digestHex, isDigest } from '../digest.ts';
import { isErrno } from '../errors.ts';
import { familiarName } from '../reference.ts';
import { readContainerFacts } from '../runtime/container-facts.ts';
import { cacheEntries } from './build-cache/cache-entries.ts';
import { buildCacheGroup } from './build-cache/cache-usage.ts';
import { containerPlaces } from './containers/container-places.ts';
import type { DiskUsage, DiskUsageGroup, DiskUsageItem } from './engine.ts';
import type { Store } from './store/store.ts';
import { isVolumeName } from './volumes/volume-record.ts';
import { usersOfVolumes } from './volumes/volume-users.ts';

type GroupType = DiskUsageGroup['type'];

const ROOTFS = /^containers\/[^/]+\/rootfs$/;

/**
 * Says what takes how much room. Every file and directory of the root is in exactly one group and counted by
 * the blocks it has, a hard link once, so that the sum is what `du` says, but for containers that run.
 */
export async function diskUsage(deps: { readonly store: Store }): Promise<DiskUsage> {
  const { store } = deps;
  const files = walk(store.root);
  const owners = contentOwners(store);
  const sums = new Map<GroupType, number>();
  const partials = new Map<string, number>();
  for (const file of files) {
    const type = groupOf(file.path, owners);
    sums.set(type, (sums.get(type) ?? 0) + file.bytes);
    const ingest = /^ingests\/([^/]+)/.exec(file.path)?.[1];
    if (ingest !== undefined) partials.set(ingest, (partials.get(ingest) ?? 0) + file.bytes);
  }
  const [images, repositories] = [imageContents(store), repositoryContents(store)] as const;
  const users = usersOf([...images, ...repositories, ...cacheContents(store)]);
  const bytesOf = new Map(files.map((file) => [file.path, file.bytes]));
  const mountBytes = sumsOfMounts(files);
  const cache = await cacheEntries(store, {
    mountBytes: (path) => mountBytes.get(relative(store.root, path).replaceAll('\\', '/')) ?? 0,
  });
  const of = (type: GroupType) => sums.get(type) ?? 0;
  const orphans = new Set([...owners].filter(([, owner]) => owner === 'orphans').map(([digest]) => digest));
  const groups: DiskUsageGroup[] = [
    imageGroup(store, images, itemsOf(images, users, bytesOf), bytesOf, of('images')),
    containerGroup(store, files, of('containers')),
    volumeGroup(store, files, of('volumes')),
    buildCacheGroup(cache, of('build-cache')),
    // What images need too is in their row; and no command of wherry's takes anything out of a repository.
    group('registry', itemsOf(repositories, users, bytesOf), 0, of('registry'), 0),
    group(
      'partial-downloads',
      [...partials].map(partialItem),
      0,
      of('partial-downloads'),
      of('partial-downloads'),
    ),
    { ...group('orphans', [], 0, of('orphans'), of('orphans')), total: orphans.size },
    group('metadata', [], 0, of('metadata'), 0),
  ];
  const bytes = groups.reduce((sum, group) => sum + group.bytes, 0);
  return { groups, bytes, buildCache: cache.map(({ entry }) => entry) };
}

/** What containers and cached steps need, also of an image that was removed, is not to be had back. */
function imageGroup(
  { metadata }: Store,
  images: readonly ImageContents[],
  items: readonly DiskUsageItem[],
  bytesOf: ReadonlyMap<string, number>,
  bytes: number,
): DiskUsageGroup {
  const ids = new Set(metadata.imagesOfContainers());
  const isInUse = images.map(({ image }) => ids.has(image));
  const kept = new Set<Digest>(ids);
  for (const { digests } of images.filter((_, i) => isInUse[i]))
    for (const digest of digests) kept.add(digest);
  const unpacked = new Set<string>();
  for (const { digest, diffID } of metadata
    .listContainers()
    .flatMap(({ id }) => metadata.layersOfContainer(id))) {
    kept.add(digest);
    unpacked.add(digestHex(diffID));
  }
  for (const { layer } of metadata.listBuildCache()) if (layer) kept.add(layer.digest);
  let keptBytes = [...kept].reduce((sum, digest) => sum + contentBytes(digest, bytesOf), 0);
  for (const [path, size] of bytesOf)
    if (unpacked.has(/^snapshots\/([^/]+)/.exec(path)?.[1] ?? '')) keptBytes += size;
  const shown = items.map((item, i) => (isInUse[i] ? { ...item, reclaimableBytes: 0 } : item));
  return group('images', shown, isInUse.filter(Boolean).length, bytes, bytes - keptBytes);
}

/** One broken-off write, by what it was to become: the digest of a layer, mostly. */
function partialItem([directory, bytes]: readonly [string, number]): DiskUsageItem {
  return { name: decodeKey(directory) ?? directory, bytes, reclaimableBytes: bytes };
}

interface FoundFile {
  /** From the root, with `/`. */
  readonly path: string;
  readonly bytes: number;
}

function walk(root: string): FoundFile[] {
  const found: FoundFile[] = [];
  const seen = new Set<string>();
  const device = statOrGone(root)?.dev;
  const visit = (path: string) => {
    const stat = statOrGone(join(root, path));
    // Mounted while the container runs, it has its files elsewhere.
    if (!stat || (ROOTFS.test(path) && stat.dev !== device)) return;
    const inode = `${stat.dev}:${stat.ino}`;
    if (!seen.has(inode)) found.push({ path, bytes: allocatedBytes(stat) });
    seen.add(inode);
    if (stat.isDirectory())
      for (const name of namesIn(join(root, path))) visit(path === '' ? name : `${path}/${name}`);
  };
  visit('');
  return found;
}

/** Another process may remove a file between the listing and the look. */
function statOrGone(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** For each blob in the store, who needs it. */
function contentOwners(store: Store): Map<string, GroupType> {
  const reachable = store.metadata.reachable();
  const ofImages = store.metadata.reachableFromImages();
  const ofSteps = new Set(store.metadata.listBuildCache().map(({ layer }) => layer?.digest));
  const ownerOf = (digest: Digest): GroupType => {
    if (ofImages.has(digest)) return 'images';
    if (ofSteps.has(digest)) return 'build-cache';
    return reachable.has(digest) ? 'registry' : 'orphans';
  };
  const owners = new Map<string, GroupType>();
  for (const algorithm of ALGORITHMS)
    for (const hex of namesIn(join(store.root, 'blobs', algorithm))) {
      const digest = `${algorithm}:${hex}`;
      if (isDigest(digest)) owners.set(digest, ownerOf(digest));
    }
  return owners;
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}

function groupOf(path: string, owners: ReadonlyMap<string, GroupType>): GroupType {
  const content = /^(?:blobs|tocs)\/(sha\d+)\/([0-9a-f]+)$/.exec(path);
  if (content) return owners.get(`${content[1]}:${content[2]}`) ?? 'orphans';
  if (path.startsWith('ingests/')) return 'partial-downloads';
  if (path.startsWith('tmp/')) return 'orphans';
  if (path.startsWith('containers/')) return 'containers';
  if (path.startsWith('volumes/')) return 'volumes';
  if (path.startsWith('build/')) return 'build-cache';
  // Layers unpacked for running: they go with the images that have them.
  if (path.startsWith('snapshots/')) return 'images';
  return 'metadata';
}

/** What lies in each directory of `parent`. */
function sumsBelow(parent: string, files: readonly FoundFile[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { path, bytes } of files) {
    const [top, directory] = path.split('/', 2);
    if (top === parent && directory !== undefined) sums.set(directory, (sums.get(directory) ?? 0) + bytes);
  }
  return sums;
}

/** What lies in each cache mount, by its directory. */
function sumsOfMounts(files: readonly FoundFile[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { path, bytes } of files) {
    const directory = /^build\/mounts\/[^/]+\/[^/]+/.exec(path)?.[0];
    if (directory !== undefined) sums.set(directory, (sums.get(directory) ?? 0) + bytes);
  }
  return sums;
}

/** Those that no container has can be had back. */
function volumeGroup(store: Store, files: readonly FoundFile[], bytes: number): DiskUsageGroup {
  const users = usersOfVolumes(store);
  const items = [...sumsBelow('volumes', files)]
    .filter(([name]) => isVolumeName(name))
    .map(([name, size]) => ({ name, bytes: size, reclaimableBytes: users.has(name) ? 0 : size }));
  const reclaimable = items.reduce((sum, { reclaimableBytes }) => sum + reclaimableBytes, 0);
  return group('volumes', items, items.filter(({ name }) => users.has(name)).length, bytes, reclaimable);
}

/** Each container's own files: what it changed, and its log. Those of one that does not run can be had back. */
function containerGroup(store: Store, files: readonly FoundFile[], bytes: number): DiskUsageGroup {
  const sums = sumsBelow('containers', files);
  let active = 0;
  const items = store.metadata.listContainers().map(({ id, name }): DiskUsageItem => {
    const { paths } = containerPlaces(store.root, id);
    const size = sums.get(basename(paths.directory)) ?? 0;
    const { isAlive } = readContainerFacts(paths);
    if (isAlive) active++;
    return { name, bytes: size, reclaimableBytes: isAlive ? 0 : size };
  });
  const reclaimable = items.reduce((sum, { reclaimableBytes }) => sum + reclaimableBytes, 0);
  return group('containers', items, active, bytes, reclaimable);
}

/** What one item of a listing needs. */
interface Contents {
  readonly name: string;
  readonly digests: ReadonlySet<Digest>;
}

interface ImageContents extends Contents {
  readonly image: Digest;
}

function imageContents(store: Store): ImageContents[] {
  return store.metadata.listImages().map((facts) => {
    const names = store.metadata.namesOf(facts.id).filter((name) => name.ref.tag !== undefined);
    return {
      image: facts.id,
      name: names.map((name) => familiarName(name.ref)).join(', ') || facts.id,
      digests: new Set(store.contentOf(facts)),
    };
  });
}

/** The layers of cached steps, each once: while a step has one, it is not the image's alone. */
function cacheContents({ metadata }: Store): Contents[] {
  const layers = metadata.listBuildCache().flatMap(({ layer }) => layer?.digest ?? []);
  return [...new Set(layers)].map((digest) => ({ name: digest, digests: new Set([digest]) }));
}

/** The repositories of the registry service, and those that it mirrors. */
function repositoryContents({ metadata }: Store): Contents[] {
  const manifests = new Map<string, Digest[]>();
  for (const { repository, digest } of metadata.listCatalog())
    manifests.set(repository, [...(manifests.get(repository) ?? []), digest]);
  const own = [...manifests].map(([name, roots]) => ({ name, digests: metadata.descendants(roots) }));
  const cached = new Map<string, Set<Digest>>();
  for (const { digest, repositories } of metadata.mirror.leastRecentlyUsed())
    for (const { upstream, repository } of repositories) {
      const name = `${upstream}/${repository}`;
      cached.set(name, (cached.get(name) ?? new Set()).add(digest));
    }
  return [...own, ...[...cached].map(([name, digests]) => ({ name, digests }))];
}

/** Everything that each needs, and what of that no other one does, be it an image or a repository. */
function itemsOf(
  contents: readonly Contents[],
  users: ReadonlyMap<Digest, number>,
  bytesOf: ReadonlyMap<string, number>,
): DiskUsageItem[] {
  return contents.map(({ name, digests }) => {
    const sizes = [...digests].map((digest) => ({
      bytes: contentBytes(digest, bytesOf),
      users: users.get(digest),
    }));
    const sumOf = (list: typeof sizes) => list.reduce((sum, { bytes }) => sum + bytes, 0);
    return {
      name,
      bytes: sumOf(sizes),
      reclaimableBytes: sumOf(sizes.filter((size) => size.users === 1)),
    };
  });
}

/** Of a blob, with its table of contents. */
function contentBytes(digest: Digest, bytesOf: ReadonlyMap<string, number>): number {
  return [blobPath, tocPath].reduce(
    (sum, path) => sum + (bytesOf.get(path('', digest).replaceAll('\\', '/')) ?? 0),
    0,
  );
}

function usersOf(contents: readonly Contents[]): Map<Digest, number> {
  const users = new Map<Digest, number>();
  for (const { digests } of contents)
    for (const digest of digests) users.set(digest, (users.get(digest) ?? 0) + 1);
  return users;
}

function group(
  type: GroupType,
  items: readonly DiskUsageItem[],
  active: number,
  bytes: number,
  reclaimableBytes: number,
): DiskUsageGroup {
  return { type, total: items.length, active, bytes, reclaimableBytes, items };
}
