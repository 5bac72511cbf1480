import type { ContainerVerbs } from '@wherry/core';
import type { FastifyInstance } from 'fastify';
import type { EngineBackend } from '../backend.ts';
import { Attendance } from '../containers/attendance.ts';
import { closingSignal } from '../containers/closing.ts';
import { logContainer } from '../containers/container-events.ts';
import { ExecInstances } from '../containers/exec-instances.ts';
import { TakenConnections } from '../hijack/taken-connections.ts';
import { acceptUpgrades } from '../hijack/upgrade.ts';
import type { EngineSurroundings } from '../router.ts';
import { createRequest } from '../wire/create-request.ts';
import { Fields } from '../wire/fields.ts';
import { filterList, readFilters } from '../wire/filters.ts';
import { readJsonObject } from '../wire/json-body.ts';
import { platformChoice } from '../wire/platform.ts';
import { Query } from '../wire/query.ts';
import { archiveRoutes } from './archive.ts';
import { attachRoutes } from './attach.ts';
import { lifeRoutes } from './container-life.ts';
import { readRoutes } from './container-reads.ts';
import { statsRoutes } from './container-stats.ts';
import { streamRoutes } from './container-streams.ts';
import { updateRoutes } from './container-update.ts';
import { execRoutes } from './exec.ts';

/** All that clients do with containers. */
export function containerRoutes(
  app: FastifyInstance,
  { containers }: Pick<EngineBackend, 'containers'>,
  { log }: Pick<EngineSurroundings, 'log'>,
): void {
  const instances = new ExecInstances();
  const attendance = new Attendance(containers);
  const connections = new TakenConnections(app, log);
  const closing = closingSignal(app);
  app.addHook('preClose', async () => instances.leave());
  acceptUpgrades(app);
  makingRoutes(app, containers);
  readRoutes(app, { containers, instances, now: () => new Date() });
  lifeRoutes(app, { containers, attendance, closing });
  streamRoutes(app, { containers, closing });
  statsRoutes(app, { containers, closing });
  updateRoutes(app, containers);
  attachRoutes(app, { containers, attendance, connections });
  execRoutes(app, { containers, instances, connections });
  archiveRoutes(app, containers);
}

function makingRoutes(app: FastifyInstance, containers: Pick<ContainerVerbs, 'create' | 'prune'>): void {
  app.post('/containers/create', async (request, reply) => {
    const query = new Query(request);
    const name = query.text('name');
    const platform = platformChoice(query.text('platform'));
    const body = new Fields(await readJsonObject(request));
    const made = await containers.create(createRequest(body, { ...(name && { name }), ...platform }));
    logContainer(app.engineEvents, 'create', made);
    return reply.code(201).send({ Id: made.id, Warnings: [] });
  });
  app.post('/containers/prune', async (request) => {
    const filters = filterList(readFilters(new Query(request).text('filters')));
    const { deleted, reclaimedBytes } = await containers.prune({ filters });
    return { ContainersDeleted: deleted.length > 0 ? deleted : null, SpaceReclaimed: reclaimedBytes };
  });
}
