import { isWherryError } from '@wherry/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError } from '../api-error.ts';
import type { EngineBackend } from '../backend.ts';
import { notSpoken } from './not-spoken.ts';

const NETWORKS = ['bridge', 'host', 'none'];

type Backend = {
  readonly containers: Pick<EngineBackend['containers'], 'inspect'>;
  readonly volumes: Pick<EngineBackend['volumes'], 'list'>;
};

/**
 * `podman inspect NAME` looks for a container, an image, a volume, a network and a pod, in this order, as long as
 * it is told that there is none: only what is there is not described.
 */
export function libpodLookupRoutes(app: FastifyInstance, { containers, volumes }: Backend): void {
  const lookUp = (
    kind: string,
    isThere: (name: string) => Promise<boolean>,
    absent: (name: string) => string,
  ) =>
    app.get(`/${kind}/:name/json`, async (request) => {
      const name = nameIn(request);
      throw (await isThere(name)) ? notSpoken() : new ApiError(404, absent(name));
    });
  lookUp(
    'containers',
    (name) => isContainer(containers, name),
    (name) => `no container with name or ID ${JSON.stringify(name)} found: no such container`,
  );
  lookUp(
    'volumes',
    async (name) => (await volumes.list()).some((volume) => volume.name === name),
    (name) => `volume with name ${name} not found: no such volume`,
  );
  lookUp(
    'networks',
    async (name) => NETWORKS.includes(name),
    () => 'network not found',
  );
  lookUp(
    'pods',
    async () => false,
    (name) => `no pod with name or ID ${name} found: no such pod`,
  );
}

function nameIn(request: FastifyRequest): string {
  return (request.params as { readonly name: string }).name;
}

async function isContainer(containers: Backend['containers'], name: string): Promise<boolean> {
  try {
    await containers.inspect(name);
    return true;
  } catch (error) {
    // Where there is no Linux, there are no containers.
    if (isWherryError(error, 'CONTAINER_UNKNOWN', 'UNSUPPORTED')) return false;
    throw error;
  }
}
