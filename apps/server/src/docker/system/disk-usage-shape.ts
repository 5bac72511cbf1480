import type { BuildCacheEntry, ContainerSummary, VolumeInfo } from '@wherry/core';
import type { ApiVersion } from '../version.ts';

/** From here on the build cache has no sum of its own. */
const NO_BUILDER_SIZE_MINOR = 42;
/** From here on parents of the build cache are a list. */
const PARENTS_MINOR = 42;

/** A container as disk usage has it: what takes room, and whether it is needed. */
export function containerUsageShape({ container, image, sizes }: ContainerSummary): object {
  return {
    Id: container.id,
    Names: [`/${container.name}`],
    Image: image,
    ImageID: container.imageId,
    Command: container.argv.join(' '),
    Created: Math.floor(Date.parse(container.createdAt) / 1000),
    Ports: [],
    ...(sizes?.changedBytes && { SizeRw: sizes.changedBytes }),
    ...(sizes && { SizeRootFs: sizes.totalBytes }),
    Labels: container.labels,
    State: container.state.status,
    Status: container.state.status,
    HostConfig: { NetworkMode: 'default' },
    NetworkSettings: { Networks: {} },
    Mounts: [],
  };
}

export function volumeUsageShape(volume: VolumeInfo, size: number, refCount: number): object {
  const { createdAt, labels, mountpoint, name } = volume;
  return {
    CreatedAt: createdAt,
    Driver: 'local',
    Labels: Object.keys(labels).length === 0 ? null : labels,
    Mountpoint: mountpoint,
    Name: name,
    Options: null,
    Scope: 'local',
    UsageData: { RefCount: refCount, Size: size },
  };
}

export function buildCacheShape(entries: readonly BuildCacheEntry[], { minor }: ApiVersion) {
  const records = entries.map((entry) => ({
    ID: entry.id,
    ...(minor >= PARENTS_MINOR
      ? entry.parent !== undefined && { Parents: [entry.parent] }
      : { Parent: entry.parent ?? '' }),
    Type: entry.type === 'exec.cachemount' ? 'exec.cachemount' : 'regular',
    Description: entry.description,
    InUse: entry.isInUse,
    Shared: entry.isShared,
    Size: entry.bytes,
    CreatedAt: entry.createdAt.toISOString(),
    LastUsedAt: entry.lastUsedAt.toISOString(),
    UsageCount: entry.useCount ?? 0,
  }));
  const size = entries.reduce((sum, { bytes, isShared }) => sum + (isShared ? 0 : bytes), 0);
  return {
    BuildCache: records.length === 0 ? null : records,
    ...(minor < NO_BUILDER_SIZE_MINOR && { BuilderSize: size }),
  };
}
