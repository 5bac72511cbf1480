import type { VerbOptions } from '../../events.ts';
import type { CreateVolumeRequest } from './create.ts';
import type { VolumeInfo } from './inspect.ts';
import type { ListVolumesRequest } from './list.ts';
import type { PruneVolumesRequest, PruneVolumesResult } from './prune.ts';
import type { RemoveVolumeRequest } from './remove.ts';

export type { CreateVolumeRequest } from './create.ts';
export type { VolumeInfo } from './inspect.ts';
export type { ListVolumesRequest } from './list.ts';
export type { PruneVolumesRequest, PruneVolumesResult } from './prune.ts';
export type { RemoveVolumeRequest } from './remove.ts';

/** Verbs on volumes: directories of the store that outlive containers. */
export interface VolumeVerbs {
  /** Makes a volume, unless there is one of this name; tells its name. */
  create(request?: CreateVolumeRequest): Promise<string>;
  /** By name. */
  list(request?: ListVolumesRequest): Promise<VolumeInfo[]>;
  inspect(volume: string): Promise<VolumeInfo>;
  /** Refuses one that a container has, whether that runs or not. */
  remove(request: RemoveVolumeRequest): Promise<void>;
  /** Removes volumes that no container has. */
  prune(request?: PruneVolumesRequest, options?: VerbOptions): Promise<PruneVolumesResult>;
}
