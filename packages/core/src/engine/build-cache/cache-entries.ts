import type { Digest } from '../../digest.ts';
import type { BuildCacheRecord } from '../../metadata/build-cache-store.ts';
import type { Store } from '../store/store.ts';
import { allocatedBelow, type CacheMountDirectory, CacheMounts } from './cache-mounts.ts';
import { FileLists } from './file-lists.ts';

/** One thing in the build cache, as lists and prunes see it. */
export interface BuildCacheEntry {
  /** A step's key, or the name of a cache mount. */
  readonly id: string;
  readonly type: BuildCacheRecord['kind'] | 'exec.cachemount';
  readonly description: string;
  /** The step before it, where that is in the cache. */
  readonly parent?: string;
  /** What the file system gives to it. Steps with the same layer each have all of it. */
  readonly bytes: number;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
  /** Absent: nobody counts. */
  readonly useCount?: number;
  /** A build that runs now, or another command, has it. */
  readonly isInUse: boolean;
  /** An image or a container has its layer: removing it gives nothing back. */
  readonly isShared: boolean;
}

/** An entry with what removes it. */
export type HeldEntry = { readonly entry: BuildCacheEntry } & (
  | { readonly record: BuildCacheRecord; readonly mount?: undefined }
  | { readonly mount: CacheMountDirectory; readonly record?: undefined }
);

export interface EntriesOptions {
  /** Images that count for nothing: they are to go before. */
  readonly without?: ReadonlySet<Digest>;
  /** What is known of the sizes of cache mounts already. */
  readonly mountBytes?: (path: string) => number;
}

/** Everything in the build cache, least recently used first. */
export async function cacheEntries(store: Store, options: EntriesOptions = {}): Promise<HeldEntry[]> {
  const records = stepEntries(store, options);
  const mounts = await mountEntries(store, options);
  return [...records, ...mounts].sort((a, b) => a.entry.lastUsedAt.getTime() - b.entry.lastUsedAt.getTime());
}

function stepEntries(store: Store, { without = new Set() }: EntriesOptions): HeldEntry[] {
  const { metadata } = store;
  const records = metadata.listBuildCache();
  if (records.length === 0) return [];
  const keys = new Set(records.map(({ key }) => key));
  const leased = metadata.leasedDigests();
  const isShared = sharedWith(store, without);
  const lists = new FileLists(store.root);
  return records.map((record) => {
    const { key, kind, description, parent, layer, createdAt, lastUsedAt, useCount } = record;
    const listBytes = record.inputs.files === undefined ? 0 : lists.bytesOf(key);
    const entry: BuildCacheEntry = {
      ...{ id: key, type: kind, description, createdAt, lastUsedAt, useCount },
      ...(parent !== undefined && keys.has(parent) && { parent }),
      bytes: listBytes + (layer ? store.blobs.allocatedSync(layer.digest) : 0),
      isInUse: layer !== undefined && leased.has(layer.digest),
      isShared: isShared(record),
    };
    return { entry, record };
  });
}

/** A step without a layer is shared as long as the image is there that it once made. */
function sharedWith(
  { metadata }: Store,
  without: ReadonlySet<Digest>,
): (record: BuildCacheRecord) => boolean {
  const images = metadata.listImages().filter(({ id }) => !without.has(id));
  const ids = new Set(images.map(({ id }) => id));
  const layers = [
    ...images.flatMap((facts) => facts.layers),
    ...metadata.listContainers().flatMap(({ id }) => metadata.layersOfContainer(id)),
  ];
  const diffIDs = new Set(layers.map(({ diffID }) => diffID));
  return ({ layer, image }) => (layer ? diffIDs.has(layer.diffID) : image !== undefined && ids.has(image));
}

async function mountEntries(store: Store, { mountBytes }: EntriesOptions): Promise<HeldEntry[]> {
  const mounts = new CacheMounts(store.root);
  const found: HeldEntry[] = [];
  for (const mount of await mounts.list()) {
    const { id, mountId, path, createdAt, lastUsedAt } = mount;
    const entry: BuildCacheEntry = {
      ...{ id, type: 'exec.cachemount', description: `cache mount ${mountId}`, createdAt, lastUsedAt },
      bytes: mountBytes ? mountBytes(path) : await allocatedBelow(path),
      isInUse: mounts.isInUse(mount),
      isShared: false,
    };
    found.push({ entry, mount });
  }
  return found;
}
