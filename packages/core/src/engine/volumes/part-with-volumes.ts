import { isWherryError } from '../../errors.ts';
import type { ContainerRecord } from '../../runtime/container-record.ts';
import type { Store } from '../store/store.ts';
import { forgetMaker, removeVolumeFiles } from './volume-files.ts';
import { VolumePlaces } from './volume-places.ts';
import { volumeMounts } from './volume-users.ts';

/**
 * Parts a container that is gone from its volumes without names: with `remove` they go too, but for those that
 * another container has; otherwise they stay, as volumes of nobody's.
 */
export async function partWithVolumes(
  store: Store,
  { id, options }: Pick<ContainerRecord, 'id' | 'options'>,
  { remove }: { readonly remove: boolean },
): Promise<void> {
  const places = new VolumePlaces(store.root);
  for (const { name, isAnonymous } of volumeMounts(options.mounts)) {
    if (!isAnonymous) continue;
    try {
      if (remove) await removeVolumeFiles(store, name);
      else await forgetMaker(places, name, id);
    } catch (error) {
      if (!isWherryError(error, 'CONFLICT', 'VOLUME_UNKNOWN')) throw error;
      await forgetMaker(places, name, id);
    }
  }
}
