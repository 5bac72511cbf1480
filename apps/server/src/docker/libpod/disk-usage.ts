import type { ContainerSummary, ImageSummary } from '@wherry/core';
import type { EngineBackend } from '../backend.ts';
import { bareId, fullName, splitTag } from './full-names.ts';

type Backend = Pick<EngineBackend, 'diskUsage' | 'images' | 'layerUsage' | 'volumes'> & {
  readonly containers: Pick<EngineBackend['containers'], 'list'>;
};

/** Go's zero time. */
const ZERO_TIME = '0001-01-01T00:00:00Z';

/** What `GET /libpod/system/df` answers, in Docker's measure: a line for each name of an image. */
export async function libpodDiskUsage(backend: Backend): Promise<object> {
  const containers = await backend.containers.list({ all: true, sizes: true });
  const users = Map.groupBy(containers, ({ container }) => container.imageId);
  const { sharedBytes } = await backend.layerUsage();
  return {
    Images: (await backend.images()).flatMap((image) =>
      imageRows(image, sharedBytes.get(image.id) ?? 0, users.get(image.id)?.length ?? 0),
    ),
    Containers: containers.map(containerRow),
    Volumes: await volumeRows(backend, containers),
  };
}

function imageRows({ created, id, repoTags, size }: ImageSummary, shared: number, users: number) {
  const names = repoTags.length === 0 ? [['<none>', '<none>']] : repoTags.map((n) => splitTag(fullName(n)));
  return names.map(([repository, tag]) => ({
    Repository: repository,
    Tag: tag,
    ImageID: bareId(id),
    Created: created?.toISOString() ?? ZERO_TIME,
    Size: size,
    SharedSize: shared,
    UniqueSize: size - shared,
    Containers: users,
  }));
}

function containerRow({ container, sizes }: ContainerSummary) {
  return {
    ContainerID: container.id,
    Image: bareId(container.imageId),
    Command: container.argv,
    LocalVolumes: (container.options.mounts ?? []).filter(({ type }) => type === 'volume').length,
    Size: sizes?.totalBytes ?? 0,
    RWSize: sizes?.changedBytes ?? 0,
    Created: container.createdAt,
    Status: container.state.status,
    Names: container.name,
  };
}

async function volumeRows(backend: Backend, containers: readonly ContainerSummary[]) {
  const volumes = await backend.volumes.list();
  if (volumes.length === 0) return [];
  const group = (await backend.diskUsage()).groups.find(({ type }) => type === 'volumes');
  const sizes = new Map(group?.items.map(({ name, bytes }) => [name, bytes]));
  const used = containers.flatMap(({ container }) => container.options.mounts ?? []);
  return volumes.map(({ name }) => {
    const links = used.filter((mount) => mount.type === 'volume' && mount.name === name).length;
    const size = sizes.get(name) ?? 0;
    return { VolumeName: name, Links: links, Size: size, ReclaimableSize: links === 0 ? size : 0 };
  });
}
