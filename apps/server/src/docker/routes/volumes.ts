import type { VolumeInfo, VolumeVerbs } from '@wherry/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError } from '../api-error.ts';
import type { EngineBackend } from '../backend.ts';
import { Fields } from '../wire/fields.ts';
import { filterList, readFilters } from '../wire/filters.ts';
import { readOptionalJsonObject } from '../wire/json-body.ts';
import { Query } from '../wire/query.ts';

interface Named {
  readonly Params: { readonly name: string };
}

/** Since this version a prune takes the volumes alone that nobody gave a name. */
const NAMELESS_PRUNE_SINCE = 42;

/** Volumes, of the one driver that there is. */
export function volumeRoutes(app: FastifyInstance, { volumes }: Pick<EngineBackend, 'volumes'>): void {
  app.get('/volumes', async (request) => {
    const found = await volumes.list({ filters: filtersOf(request) });
    return { Volumes: found.map(volumeShape), Warnings: null };
  });
  app.post('/volumes/create', async (request, reply) => {
    const body = new Fields((await readOptionalJsonObject(request)) ?? {});
    return reply.code(201).send(volumeShape(await create(volumes, body)));
  });
  app.get<Named>('/volumes/:name', async (request) =>
    volumeShape(await volumes.inspect(request.params.name)),
  );
  app.delete<Named>('/volumes/:name', async (request, reply) => {
    const force = new Query(request).flag('force');
    await volumes.remove({ volume: request.params.name, force });
    return reply.code(204).send();
  });
  app.post('/volumes/prune', async (request) => {
    const all = request.apiVersion.minor < NAMELESS_PRUNE_SINCE;
    const { deleted, reclaimedBytes } = await volumes.prune({ all, filters: filtersOf(request) });
    return { VolumesDeleted: deleted.length > 0 ? deleted : null, SpaceReclaimed: reclaimedBytes };
  });
  app.put('/volumes/:name', async () => {
    throw new ApiError(501, 'cluster volumes are not supported');
  });
}

async function create(volumes: VolumeVerbs, body: Fields): Promise<VolumeInfo> {
  const [name, driver] = [body.text('Name'), body.text('Driver')];
  if (body.keys('DriverOpts').length > 0)
    throw new ApiError(501, 'volumes with options are not offered, bind a directory instead');
  if (body.has('ClusterVolumeSpec')) throw new ApiError(501, 'cluster volumes are not supported');
  const labels = body.map('Labels');
  const made = await volumes.create({
    ...(name && { name }),
    ...(driver && { driver }),
    ...(Object.keys(labels).length > 0 && { labels }),
  });
  return await volumes.inspect(made);
}

function filtersOf(request: FastifyRequest): string[] {
  return filterList(readFilters(new Query(request).text('filters')));
}

/** Members and their order are Docker's. */
function volumeShape({ createdAt, labels, mountpoint, name }: VolumeInfo): Record<string, unknown> {
  return {
    CreatedAt: createdAt,
    Driver: 'local',
    Labels: Object.keys(labels).length > 0 ? labels : null,
    Mountpoint: mountpoint,
    Name: name,
    Options: null,
    Scope: 'local',
  };
}
