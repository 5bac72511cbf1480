import { type VolumeInfo, volumeInfo } from './inspect.ts';
import type { VolumeDeps } from './volume-deps.ts';
import { readVolume } from './volume-files.ts';
import { matchVolumes } from './volume-filters.ts';
import { VolumePlaces } from './volume-places.ts';
import { usersOfVolumes } from './volume-users.ts';

export interface ListVolumesRequest {
  /** `name=value` each: Docker's `dangling`, `driver`, `label` and `name`. */
  readonly filters?: readonly string[];
}

/** Lists volumes by name. Throws `INVALID_ARGUMENT` with Docker's texts for filters. */
export async function listVolumes(
  { store }: VolumeDeps,
  { filters = [] }: ListVolumesRequest = {},
): Promise<VolumeInfo[]> {
  const places = new VolumePlaces(store.root);
  const records = (await places.names()).flatMap((name) => readVolume(places, name) ?? []);
  const users = usersOfVolumes(store);
  return matchVolumes(records, filters, (name) => users.has(name)).map((record) =>
    volumeInfo(places, record),
  );
}
