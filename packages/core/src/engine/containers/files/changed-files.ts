import { namesIn } from '../../../content/names-in.ts';
import { type ChangedName, copyChanges } from '../../../rootfs/copy-changes.ts';
import type { UpperName } from '../../../rootfs/upper-names.ts';
import { collectUpperNames } from '../../../rootfs/upper-names.ts';
import type { ContainerRecord } from '../../../runtime/container-record.ts';
import type { ContainerDeps } from '../container-deps.ts';
import { containerPlaces } from '../container-places.ts';
import { copiedAt, hasCopy, unpackLayers } from '../life/mount-layers.ts';
import { bareMountPoints, type LookUpBase } from './mount-points.ts';

/** Where what a container changed lies, and what of it that is, in the order of `collectUpperNames`. */
export type ChangedFiles =
  | { readonly kind: 'overlay'; readonly directory: string; readonly names: readonly UpperName[] }
  | { readonly kind: 'copy'; readonly directory: string; readonly names: readonly ChangedName[] };

export interface ChangedFilesOptions {
  /** Looks into the container's image; asked only where it is needed. */
  readonly lookUpBase: LookUpBase;
  readonly signal?: AbortSignal;
}

/**
 * Finds what a container changed, without what its runtime made only to have where to mount: from the overlay's upper
 * directory, or by a comparison of a copy with the layers. `undefined`: it was never started. The caller keeps the
 * container still. Throws `TOO_LARGE`, `CANCELLED`, and for a copy what unpacking throws.
 */
export async function changedFiles(
  deps: Pick<ContainerDeps, 'store' | 'snapshots'>,
  record: ContainerRecord,
  { lookUpBase, signal }: ChangedFilesOptions,
): Promise<ChangedFiles | undefined> {
  const { root } = deps.store;
  const { rootfs, upper } = containerPlaces(root, record.id);
  if (await hasCopy(root, record.id)) {
    const names = await changesInCopy(deps, record, signal);
    return { kind: 'copy', directory: rootfs, names: await withoutBare(rootfs, names, lookUpBase) };
  }
  if ((await namesIn(upper)).length === 0) return undefined;
  const names = await collectUpperNames(upper, signal);
  return { kind: 'overlay', directory: upper, names: await withoutBare(upper, names, lookUpBase) };
}

async function changesInCopy(
  deps: Pick<ContainerDeps, 'store' | 'snapshots'>,
  record: ContainerRecord,
  signal: AbortSignal | undefined,
): Promise<ChangedName[]> {
  const options = signal ? { signal } : {};
  const { rootfs } = containerPlaces(deps.store.root, record.id);
  const complete = await copiedAt(deps.store.root, record.id);
  await using lease = await unpackLayers(deps, record, options);
  const since = complete && { copiedAt: complete };
  return await copyChanges({ copy: rootfs, layers: lease.snapshots, ...since, ...options });
}

async function withoutBare<T extends UpperName>(
  directory: string,
  names: readonly T[],
  lookUpBase: LookUpBase,
): Promise<T[]> {
  const changed = new Set(names.map(({ path }) => path));
  const omit = await bareMountPoints(directory, changed, lookUpBase);
  return names.filter(({ path }) => !omit.has(path));
}
