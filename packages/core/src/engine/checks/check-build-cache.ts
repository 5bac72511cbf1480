import { existsSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Digest } from '../../digest.ts';
import type { BuildCacheRecord } from '../../metadata/build-cache-store.ts';
import { BuildPlaces } from '../build-cache/build-places.ts';
import { clearDeadScratch } from '../build-cache/build-scratch.ts';
import { CacheMounts } from '../build-cache/cache-mounts.ts';
import { FileLists } from '../build-cache/file-lists.ts';
import type { Fault } from '../engine.ts';
import type { Store } from '../store/store.ts';

/** Nobody takes that long to write a list of files, and most build again sooner. */
const LEFTOVER_MAX_AGE_MS = 24 * 3600 * 1000;

interface BuildCacheCheck {
  readonly store: Store;
  readonly repair: boolean;
  /** Blobs whose bytes are not what their digests say. */
  readonly bad: ReadonlySet<Digest>;
  readonly now: () => Date;
}

/**
 * Looks for cached steps whose layers are not there, and for what killed builds left. With `repair` the former are
 * forgotten, so that the next build runs them, and the latter is removed; what a build uses is left alone.
 */
export async function checkBuildCache(check: BuildCacheCheck): Promise<Fault[]> {
  const { store, repair } = check;
  const faults = incompleteSteps(check);
  const [lists, mounts] = [await strayLists(check), new CacheMounts(store.root)];
  if (repair) for (const path of lists) await rm(path, { force: true });
  const stray = [
    ...lists.map((path) => ({ path, message: 'is the list of files of no cached step' })),
    ...(await mounts.clearLeftovers({ dryRun: !repair })).map((path) => ({
      path,
      message: 'is a cache mount that was not made or removed to its end',
    })),
    ...(await oldScratch(check)).map((path) => ({
      path,
      message: 'is what a build was at that did not end',
    })),
  ];
  for (const { path, message } of stray)
    faults.push({
      ...{ kind: 'stray-file', subject: subjectOf(store, path), message: `${path}: ${message}` },
      ...(repair && { repaired: 'removed' }),
    });
  return faults;
}

function incompleteSteps({ store, repair, bad }: BuildCacheCheck): Fault[] {
  const { metadata, blobs } = store;
  const isLost = ({ layer }: BuildCacheRecord) =>
    layer !== undefined && (bad.has(layer.digest) || !existsSync(blobs.pathOf(layer.digest)));
  const lost = metadata.listBuildCache().filter(isLost);
  if (repair)
    metadata.atomically(() => {
      // A build may have made one of them again.
      const still = lost.flatMap(({ key }) => metadata.findBuildCache(key) ?? []).filter(isLost);
      metadata.deleteBuildCache(still.map(({ key }) => key));
    });
  return lost.map(({ key, description, layer }) => ({
    kind: 'build-cache-incomplete',
    subject: key,
    message: `cached step ${JSON.stringify(description)}: its layer ${layer?.digest} is not in the store`,
    ...(repair && { repaired: 'forgotten: the next build makes it again' }),
  }));
}

/** Lists whose records are gone: a record comes before its list. */
async function strayLists({ store, now }: BuildCacheCheck): Promise<string[]> {
  const lists = new FileLists(store.root);
  const { keys, temporaries } = await lists.names();
  const old = temporaries
    .map((name) => join(new BuildPlaces(store.root).files, name))
    .filter((path) => isOld(path, now()));
  const stray = keys.filter((key) => store.metadata.findBuildCache(key) === undefined);
  return [...stray.map((key) => lists.pathOf(key)), ...old];
}

/**
 * What builds that were killed have left so long ago that no other has come, which would have cleared it away; with
 * `repair` the rest goes too.
 */
async function oldScratch({ store, now, repair }: BuildCacheCheck): Promise<string[]> {
  const dead = await clearDeadScratch(store.root, { dryRun: true });
  const old = dead.filter((path) => isOld(path, now()));
  if (repair) await clearDeadScratch(store.root);
  return old;
}

function isOld(path: string, now: Date): boolean {
  const writtenAt = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY;
  return now.getTime() - writtenAt > LEFTOVER_MAX_AGE_MS;
}

function subjectOf({ root }: Store, path: string): string {
  return relative(root, path).replaceAll('\\', '/');
}
