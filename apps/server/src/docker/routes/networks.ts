import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { ApiError } from '../api-error.ts';
import { type Filters, readFilters } from '../wire/filters.ts';
import { Query } from '../wire/query.ts';

interface Named {
  readonly Params: { readonly id: string };
}

/**
 * The networks that need no helper of the host's, by their drivers. Docker's default is among them: clients look
 * it up before they start a container, and make one of their own where it is missing. Whoever asks for it gets the
 * host's.
 */
const NETWORKS = { bridge: 'host', none: 'null', host: 'host' } as const;
type NetworkName = keyof typeof NETWORKS;
/** Where a client inside a container finds the ports of others: on the host's loopback, which is its own. */
const DEFAULT_GATEWAY = '127.0.0.1';
const FILTERS = ['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type'];
const NOT_OFFERED =
  'networks of containers are not offered: a container has the host’s network, or with --network none its own loopback';

/** Lists the networks that every engine has. */
export function networkRoutes(app: FastifyInstance): void {
  app.get('/networks', async (request) => {
    const filters = readFilters(new Query(request).text('filters'), FILTERS);
    return (Object.keys(NETWORKS) as NetworkName[]).filter((name) => fits(name, filters)).map(networkShape);
  });
  app.get<Named>('/networks/:id', async (request) => {
    const { id } = request.params;
    const name = (Object.keys(NETWORKS) as NetworkName[]).find(
      (each) => each === id || (id !== '' && idOf(each).startsWith(id)),
    );
    if (name === undefined) throw new ApiError(404, `network ${id} not found`);
    return networkShape(name);
  });
  for (const url of ['/networks/create', '/networks/:id/connect', '/networks/:id/disconnect'])
    app.post(url, async () => {
      throw new ApiError(501, NOT_OFFERED);
    });
  app.delete<Named>('/networks/:id', async (request) => {
    const { id } = request.params;
    if (Object.hasOwn(NETWORKS, id))
      throw new ApiError(403, `${id} is a pre-defined network and cannot be removed`);
    throw new ApiError(404, `network ${id} not found`);
  });
  // None is without use, and none can be removed.
  app.post('/networks/prune', async () => ({ NetworksDeleted: null }));
}

/** They are the same on every machine. */
function idOf(name: NetworkName): string {
  return createHash('sha256').update(`wherry network ${name}`).digest('hex');
}

function fits(name: NetworkName, filters: Filters): boolean {
  const tests: Readonly<Record<string, (value: string) => boolean>> = {
    driver: (value) => value === NETWORKS[name],
    id: (value) => idOf(name).startsWith(value),
    name: (value) => name.includes(value),
    scope: (value) => value === 'local',
    type: (value) => value === 'builtin',
    // Containers on them are not counted.
    dangling: (value) => value === 'false' || value === '0',
    label: () => false,
  };
  return [...filters].every(([key, values]) => values.some((value) => tests[key]?.(value) ?? false));
}

/** Members and their order are Docker's. */
function networkShape(name: NetworkName): Record<string, unknown> {
  return {
    Name: name,
    Id: idOf(name),
    Created: '0001-01-01T00:00:00Z',
    Scope: 'local',
    Driver: NETWORKS[name],
    EnableIPv6: false,
    IPAM: {
      Driver: 'default',
      Options: null,
      Config: name === 'bridge' ? [{ Gateway: DEFAULT_GATEWAY }] : [],
    },
    Internal: false,
    Attachable: false,
    Ingress: false,
    ConfigFrom: { Network: '' },
    ConfigOnly: false,
    Containers: {},
    Options: {},
    Labels: {},
  };
}
