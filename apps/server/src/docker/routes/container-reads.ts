import { type ContainerSummary, type ContainerVerbs, isWherryError } from '@wherry/core';
import type { FastifyInstance } from 'fastify';
import type { ExecInstances } from '../containers/exec-instances.ts';
import { containerSummary } from '../wire/container-summary.ts';
import { filterList, readFilters } from '../wire/filters.ts';
import { Query } from '../wire/query.ts';

export interface ReadParts {
  readonly containers: Pick<ContainerVerbs, 'describe' | 'diff' | 'list' | 'top'>;
  readonly instances: ExecInstances;
  readonly now: () => Date;
}

interface Named {
  readonly Params: { readonly id: string };
}

const CHANGE_KINDS = { modified: 0, added: 1, deleted: 2 } as const;

/** What is told of containers. */
export function readRoutes(app: FastifyInstance, parts: ReadParts): void {
  const { containers, instances } = parts;
  app.get('/containers/json', async (request) => await list(parts, new Query(request)));
  app.get<Named>('/containers/:id/json', async (request) => {
    const sizes = new Query(request).flag('size');
    const inspection = await containers.describe({ container: request.params.id, sizes });
    const execs = instances.idsOf(inspection.Id);
    return { ...inspection, ExecIDs: execs.length > 0 ? execs : null };
  });
  app.get<Named>('/containers/:id/top', async (request) => {
    const psArguments = new Query(request).text('ps_args').split(/\s+/).filter(Boolean);
    const container = request.params.id;
    const { processes, titles } = await containers.top({
      container,
      ...(psArguments.length > 0 && { psArguments }),
    });
    return { Processes: processes, Titles: titles };
  });
  app.get<Named>('/containers/:id/changes', async (request, reply) => {
    const changes = await containers.diff(request.params.id);
    const shown = changes.map(({ kind, path }) => ({ Path: path, Kind: CHANGE_KINDS[kind] }));
    // Go's empty list is null.
    return reply.type('application/json').send(JSON.stringify(shown.length > 0 ? shown : null));
  });
}

async function list({ containers, now }: ReadParts, query: Query): Promise<Record<string, unknown>[]> {
  const filters = filterList(readFilters(query.text('filters')));
  const last = query.integer('limit') ?? 0;
  const rows = await containers.list({
    all: query.flag('all'),
    sizes: query.flag('size'),
    ...(last > 0 && { last }),
    ...(filters.length > 0 && { filters }),
  });
  const shown = [];
  for (const row of rows) shown.push(await summaryOf({ containers, now }, row));
  return shown.filter((each) => each !== undefined);
}

/** `undefined`: it was removed since the list was made. */
async function summaryOf(
  { containers, now }: Pick<ReadParts, 'containers' | 'now'>,
  row: ContainerSummary,
): Promise<Record<string, unknown> | undefined> {
  try {
    return containerSummary(row, await containers.describe({ container: row.container.id }), now());
  } catch (error) {
    if (isWherryError(error, 'CONTAINER_UNKNOWN')) return undefined;
    throw error;
  }
}
