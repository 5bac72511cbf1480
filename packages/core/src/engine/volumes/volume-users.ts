import type { StoredContainer } from '../../metadata/metadata-store.ts';
import type { ContainerMount, VolumeMount } from '../../runtime/container-options.ts';
import { recordOf } from '../containers/container-records.ts';
import type { Store } from '../store/store.ts';

export interface NamedVolumeMount extends VolumeMount {
  readonly name: string;
}

/** The volumes among a container's mounts. */
export function volumeMounts(mounts: readonly ContainerMount[] = []): NamedVolumeMount[] {
  return mounts.filter(
    (mount): mount is NamedVolumeMount => mount.type === 'volume' && mount.name !== undefined,
  );
}

/** Which containers have which volumes, whether they run or not, by their IDs. */
export function usersOfVolumes({ metadata }: Pick<Store, 'metadata'>): Map<string, string[]> {
  return usersAmong(metadata.listContainers());
}

export function usersAmong(containers: readonly StoredContainer[]): Map<string, string[]> {
  const users = new Map<string, string[]>();
  for (const stored of containers) {
    const names = new Set(volumeMounts(recordOf(stored).options.mounts).map(({ name }) => name));
    for (const name of names) users.set(name, [...(users.get(name) ?? []), stored.id]);
  }
  return users;
}
