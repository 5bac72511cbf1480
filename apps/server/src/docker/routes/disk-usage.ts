import type { ContainerSummary } from '@wherry/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError } from '../api-error.ts';
import type { EngineBackend } from '../backend.ts';
import { imageSummaryShape } from '../images/image-shapes.ts';
import { buildCacheShape, containerUsageShape, volumeUsageShape } from '../system/disk-usage-shape.ts';
import type { ApiVersion } from '../version.ts';
import { Query } from '../wire/query.ts';

const TYPES = ['container', 'image', 'volume', 'build-cache'];
/** Until here everything was told, whatever was asked. */
const TYPE_MINOR = 42;

type Backend = Pick<EngineBackend, 'buildCache' | 'diskUsage' | 'images' | 'layerUsage' | 'volumes'> & {
  readonly containers: Pick<EngineBackend['containers'], 'list'>;
};

/** `GET /system/df`, in Docker's measure: bytes of files in layers, not of blobs. */
export function diskUsageRoutes(app: FastifyInstance, backend: Backend): void {
  app.get('/system/df', async (request) => diskUsage(backend, request));
}

async function diskUsage(backend: Backend, request: FastifyRequest): Promise<object> {
  const { apiVersion } = request;
  const wanted = wantedTypes(request);
  const containers = await backend.containers.list({ all: true, sizes: wanted.has('container') });
  return {
    ...(wanted.has('image') && (await imagesPart(backend, containers, apiVersion))),
    ...(wanted.has('container') && { Containers: containers.map(containerUsageShape) }),
    ...(wanted.has('volume') && { Volumes: await volumesPart(backend, containers) }),
    ...(wanted.has('build-cache') && buildCacheShape(await backend.buildCache(), apiVersion)),
  };
}

function wantedTypes(request: FastifyRequest): ReadonlySet<string> {
  const asked = request.apiVersion.minor < TYPE_MINOR ? [] : new Query(request).all('type');
  for (const type of asked)
    if (!TYPES.includes(type)) throw new ApiError(400, `unknown object type: ${type}`);
  return new Set(asked.length === 0 ? TYPES : asked);
}

async function imagesPart(
  backend: Backend,
  containers: readonly ContainerSummary[],
  version: ApiVersion,
): Promise<object> {
  const [images, usage] = [await backend.images({ labels: true }), await backend.layerUsage()];
  const users = Map.groupBy(containers, ({ container }) => container.imageId);
  return {
    LayersSize: usage.layersBytes,
    Images: images.map((image) =>
      imageSummaryShape(
        { ...image, containers: users.get(image.id)?.length ?? 0 },
        version,
        usage.sharedBytes.get(image.id) ?? 0,
      ),
    ),
  };
}

async function volumesPart(
  backend: Backend,
  containers: readonly ContainerSummary[],
): Promise<readonly object[]> {
  const volumes = await backend.volumes.list();
  if (volumes.length === 0) return [];
  const group = (await backend.diskUsage()).groups.find(({ type }) => type === 'volumes');
  const sizes = new Map(group?.items.map(({ name, bytes }) => [name, bytes]));
  const users = new Map<string, number>();
  for (const { container } of containers)
    for (const mount of container.options.mounts ?? [])
      if (mount.type === 'volume' && mount.name !== undefined)
        users.set(mount.name, (users.get(mount.name) ?? 0) + 1);
  return volumes.map((volume) =>
    volumeUsageShape(volume, sizes.get(volume.name) ?? 0, users.get(volume.name) ?? 0),
  );
}
