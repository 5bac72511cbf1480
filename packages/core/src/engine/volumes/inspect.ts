import type { VolumeDeps } from './volume-deps.ts';
import { noSuchVolume, readVolume } from './volume-files.ts';
import { VolumePlaces } from './volume-places.ts';
import type { VolumeRecord } from './volume-record.ts';

/** A volume, and where it lies. */
export interface VolumeInfo extends Omit<VolumeRecord, 'madeFor'> {
  /** The directory on the host that holds what is in it. */
  readonly mountpoint: string;
}

/** What is known of a volume. Throws `VOLUME_UNKNOWN`. */
export function inspectVolume({ store }: VolumeDeps, name: string): VolumeInfo {
  const places = new VolumePlaces(store.root);
  const record = readVolume(places, name);
  if (record === undefined) throw noSuchVolume(name);
  return volumeInfo(places, record);
}

export function volumeInfo(places: VolumePlaces, { name, createdAt, labels }: VolumeRecord): VolumeInfo {
  return { name, createdAt, labels, mountpoint: places.dataOf(name) };
}
