import type { ContainerVerbs } from '@wherry/core';
import type { FastifyInstance } from 'fastify';
import { logContainer } from '../containers/container-events.ts';
import { Fields } from '../wire/fields.ts';
import { readJsonObject } from '../wire/json-body.ts';
import { updateRequest } from '../wire/update-request.ts';

interface Named {
  readonly Params: { readonly id: string };
}

/** Other limits for a container that is there. */
export function updateRoutes(
  app: FastifyInstance,
  containers: Pick<ContainerVerbs, 'inspect' | 'update'>,
): void {
  app.post<Named>('/containers/:id/update', async (request) => {
    const limits = updateRequest(new Fields(await readJsonObject(request), 'UpdateConfig'));
    const record = await containers.inspect(request.params.id);
    await containers.update({ container: record.id, limits });
    logContainer(app.engineEvents, 'update', record);
    return { Warnings: null };
  });
}
