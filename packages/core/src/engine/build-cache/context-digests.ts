import { statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { allocatedBytes } from '../../content/allocated-bytes.ts';
import { namesIn } from '../../content/names-in.ts';
import { isTemporary } from '../../rootfs/replace-file.ts';
import { BuildPlaces } from './build-places.ts';

const DAY_MS = 24 * 3600 * 1000;
/** After so long without news of a context, its directory is taken for gone. */
export const CONTEXT_DIGESTS_MAX_AGE_MS = 30 * DAY_MS;

export interface PruneContextsOptions {
  readonly now: Date;
  /** What no build has written for so long goes. */
  readonly olderThanMs: number;
  /** Finds out what would go, and touches nothing. */
  readonly dryRun: boolean;
}

/**
 * Removes what is kept of the files of contexts; a build that misses it reads the files. Returns what the file system
 * gets back.
 */
export async function pruneContextDigests(
  root: string,
  { now, olderThanMs, dryRun }: PruneContextsOptions,
): Promise<number> {
  const { contexts } = new BuildPlaces(root);
  let bytes = 0;
  for (const name of await namesIn(contexts)) {
    const path = join(contexts, name);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) continue;
    // A build may be about to put it in its place.
    const minAgeMs = isTemporary(name) ? Math.max(DAY_MS, olderThanMs) : olderThanMs;
    if (now.getTime() - stats.mtimeMs < minAgeMs) continue;
    bytes += allocatedBytes(stats);
    if (!dryRun) await rm(path, { force: true });
  }
  return bytes;
}
