import {
  familiarName,
  familiarRepository,
  formatPlatform,
  formatReference,
  hostPlatform,
  isWherryError,
  type Platform,
  type PullResult,
  parsePlatform,
  type Reference,
  repositoryOf,
  withDefaultTag,
} from '@wherry/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../api-error.ts';
import type { EngineBackend } from '../backend.ts';
import { withRegistryStatus } from '../images/caller-registry.ts';
import { logImage } from '../images/image-events.ts';
import { bareId } from './full-names.ts';
import { NOT_KNOWN } from './libpod-error.ts';
import { LibpodQuery } from './libpod-query.ts';
import { type ProgressLines, runTransfer } from './progress-lines.ts';
import { callerVerbs, registryReference } from './registry-access.ts';

/** When a pull asks the registry: for what is here already, or only for what is not, or never. */
const POLICIES = ['', 'always', 'missing', 'newer', 'never'];
const HOST = hostPlatform(process.platform, process.arch);

type Backend = Pick<EngineBackend, 'inspect' | 'withCredentials'>;

/** `POST /libpod/images/pull`. A short name is Docker Hub's. */
export function libpodPullRoute(app: FastifyInstance, backend: Backend): void {
  app.post('/images/pull', async (request, reply) => pullImages(app, backend, request, reply));
}

async function pullImages(
  app: FastifyInstance,
  backend: Backend,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const query = new LibpodQuery(request);
  const ref = registryReference(query.text('reference'));
  const policy = query.text('policy');
  if (!POLICIES.includes(policy))
    throw new ApiError(400, `unsupported pull policy ${JSON.stringify(policy)}`);
  const platform = readPlatform(query);
  const choice = { ...(platform && { platform }) };
  return await runTransfer(request, reply, async (lines, options) => {
    const looksHereFirst = policy === 'missing' || policy === 'never';
    const found = looksHereFirst ? await findHere(backend, ref, choice) : undefined;
    if (found !== undefined) return idsShape([found]);
    if (policy === 'never') throw new ApiError(404, `${formatReference(ref)}: ${NOT_KNOWN}`);
    const verbs = callerVerbs(backend, request, ref.domain);
    const results = await withRegistryStatus(404, async () => {
      if (query.flag('alltags'))
        return await verbs.pullAllTags({ ref: repositoryOf(ref), ...choice }, options);
      const tagged = ref.digest === undefined ? withDefaultTag(ref) : ref;
      lines.line(`Trying to pull ${formatReference(tagged)}...`);
      return [await verbs.pull({ ref: tagged, ...choice }, options)];
    });
    for (const result of results) {
      warnOfPlatform(lines, result);
      logImage(app.engineEvents, 'pull', familiarName(result.ref), familiarRepository(result.ref));
    }
    return idsShape(results.map(({ imageId }) => imageId));
  });
}

/** podman prints the last ID. */
function idsShape(ids: readonly string[]) {
  const images = [...new Set(ids.map(bareId))];
  return { images, id: images.at(-1) ?? '' };
}

async function findHere(
  backend: Backend,
  ref: Reference,
  choice: { readonly platform?: Platform },
): Promise<string | undefined> {
  try {
    return (await backend.inspect(formatReference(ref), choice)).Id;
  } catch (error) {
    if (isWherryError(error, 'IMAGE_UNKNOWN', 'PLATFORM_UNKNOWN')) return undefined;
    throw error;
  }
}

function warnOfPlatform(lines: ProgressLines, { platformMismatch }: PullResult): void {
  if (platformMismatch === undefined) return;
  const { actual, wanted } = platformMismatch;
  lines.line(
    `WARNING: image platform (${formatPlatform(actual)}) does not match the expected platform (${formatPlatform(wanted)})`,
  );
}

/** From parameters of which each may be missing; `undefined` where all are. */
function readPlatform(query: LibpodQuery): Platform | undefined {
  const [os, arch, variant] = ['os', 'arch', 'variant'].map((name) => query.text(name));
  if (!os && !arch && !variant) return undefined;
  const parts = [os || HOST.os, arch || HOST.architecture, ...(variant ? [variant] : [])];
  return parsePlatform(parts.join('/'), HOST);
}
