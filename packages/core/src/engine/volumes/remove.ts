import { isWherryError } from '../../errors.ts';
import type { VolumeDeps } from './volume-deps.ts';
import { removeVolumeFiles } from './volume-files.ts';

export interface RemoveVolumeRequest {
  readonly volume: string;
  /** One that is not there is no fault. */
  readonly force?: boolean;
}

/** Removes a volume with all in it. Throws `VOLUME_UNKNOWN`, `CONFLICT` while a container has it. */
export async function removeVolume(
  { store }: VolumeDeps,
  { volume, force = false }: RemoveVolumeRequest,
): Promise<void> {
  try {
    await removeVolumeFiles(store, volume);
  } catch (error) {
    if (!force || !isWherryError(error, 'VOLUME_UNKNOWN')) throw error;
  }
}
