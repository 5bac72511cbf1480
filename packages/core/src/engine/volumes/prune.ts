import { isWherryError, throwIfCancelled } from '../../errors.ts';
import type { VerbOptions } from '../../events.ts';
import { type FilterRules, matchesLabels, parseImageFilters } from '../selection/image-filters.ts';
import { bytesBelow } from '../store/bytes-below.ts';
import type { VolumeDeps } from './volume-deps.ts';
import { readVolume, removeVolumeFiles } from './volume-files.ts';
import { readBool } from './volume-filters.ts';
import { VolumePlaces } from './volume-places.ts';
import { isAnonymous, type VolumeRecord } from './volume-record.ts';
import { usersAmong } from './volume-users.ts';

export interface PruneVolumesRequest {
  /** Those that have names, too. */
  readonly all?: boolean;
  /** `name=value` each: Docker's `all`, `label` and `label!`. */
  readonly filters?: readonly string[];
  /** Finds out what would go, and touches nothing. */
  readonly dryRun?: boolean;
  /** IDs of containers that are to go before: they count for nothing. */
  readonly without?: ReadonlySet<string>;
}

export interface PruneVolumesResult {
  /** The names of those that are gone. */
  readonly deleted: readonly string[];
  /** Bytes of the files that were in them. */
  readonly reclaimedBytes: number;
}

const RULES: FilterRules = { names: ['label', 'label!'], dangling: [] };
const ALL = /^\s*all\s*=\s*(.*?)\s*$/i;

/**
 * Removes volumes that no container has, those without names unless `all` is asked for. Throws `INVALID_ARGUMENT`
 * with Docker's texts for filters, `CANCELLED`.
 */
export async function pruneVolumes(
  deps: VolumeDeps,
  request: PruneVolumesRequest = {},
  { signal }: VerbOptions = {},
): Promise<PruneVolumesResult> {
  const { store } = deps;
  const places = new VolumePlaces(store.root);
  const isMeant = volumeChoice(request, deps.now());
  const { without } = request;
  const used = usersAmong(store.metadata.listContainers().filter(({ id }) => !without?.has(id)));
  const deleted: string[] = [];
  let reclaimedBytes = 0;
  for (const name of await places.names()) {
    throwIfCancelled(signal);
    const record = readVolume(places, name);
    if (record === undefined || used.has(name) || !isMeant(record)) continue;
    const bytes = await bytesBelow(places.dataOf(name));
    if (!request.dryRun && !(await isRemoved(deps, name))) continue;
    deleted.push(name);
    reclaimedBytes += bytes;
  }
  return { deleted, reclaimedBytes };
}

/** Reads what a prune asks for. Throws `INVALID_ARGUMENT`. */
export function volumeChoice(
  { all = false, filters = [] }: PruneVolumesRequest,
  now: Date,
): (volume: VolumeRecord) => boolean {
  const values = filters.flatMap((text) => ALL.exec(text)?.[1] ?? []);
  const takesAll = all || (values.length > 0 && readBool('all', values));
  const parsed = parseImageFilters(
    filters.filter((text) => !ALL.test(text)),
    RULES,
    now,
  );
  return (volume) => (takesAll || isAnonymous(volume)) && matchesLabels(parsed, volume.labels);
}

/** One that a container got, or somebody removed, since the list was made is left alone. */
async function isRemoved({ store }: VolumeDeps, name: string): Promise<boolean> {
  try {
    await removeVolumeFiles(store, name);
    return true;
  } catch (error) {
    if (isWherryError(error, 'CONFLICT', 'VOLUME_UNKNOWN')) return false;
    throw error;
  }
}
