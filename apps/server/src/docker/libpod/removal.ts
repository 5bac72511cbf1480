import { isWherryError } from '@wherry/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ApiError } from '../api-error.ts';
import type { EngineBackend } from '../backend.ts';
import { ImagesBefore } from '../images/image-events.ts';
import { bareId, fullName } from './full-names.ts';
import { toLibpodErrorAnswer } from './libpod-error.ts';
import { LibpodQuery } from './libpod-query.ts';

type Backend = Pick<EngineBackend, 'images' | 'inspect' | 'remove'> & {
  readonly containers: Pick<EngineBackend['containers'], 'list'>;
};

/** What a removal of images came to. podman exits with `ExitCode`. */
interface RemovalReport {
  readonly Deleted: string[];
  readonly Untagged: string[];
  ExitCode: number;
  readonly Errors: string[];
}

/** `DELETE /libpod/images/remove`: several images, or all. */
export function libpodRemovalRoutes(app: FastifyInstance, backend: Backend): void {
  app.delete('/images/remove', async (request) => removeImages(app, backend, request));
}

async function removeImages(
  app: FastifyInstance,
  backend: Backend,
  request: FastifyRequest,
): Promise<object> {
  const query = new LibpodQuery(request);
  if (query.flag('lookupmanifest'))
    throw new ApiError(501, 'manifest lists are removed as the images that they are');
  const isAll = query.flag('all');
  const ignoresUnknown = isAll || query.flag('ignore');
  const report: RemovalReport = { Deleted: [], Untagged: [], ExitCode: 0, Errors: [] };
  const codes = new Set<number>();
  for (const image of isAll ? await allNames(backend) : query.all('images')) {
    try {
      await removeImage(app, backend, image, query, report);
    } catch (error) {
      if (ignoresUnknown && isWherryError(error, 'IMAGE_UNKNOWN')) continue;
      report.Errors.push(toLibpodErrorAnswer(error).body.message);
      codes.add(await exitCodeOf(error, backend, image));
    }
  }
  // As podman: that something is in use counts most, that something is unknown least.
  report.ExitCode = [2, 125, 1].find((code) => codes.has(code)) ?? 0;
  return { ...report, Errors: report.Errors.length === 0 ? null : report.Errors };
}

async function removeImage(
  app: FastifyInstance,
  backend: Backend,
  image: string,
  query: LibpodQuery,
  report: RemovalReport,
): Promise<void> {
  const before = await ImagesBefore.of(backend);
  const events = await backend.remove({
    image,
    force: query.flag('force'),
    noPrune: query.flag('noprune'),
  });
  before.log(app.engineEvents, events);
  const untagged = events.flatMap((event) => ('untagged' in event ? [event.untagged] : []));
  const tags = untagged.filter((name) => !name.includes('@'));
  // Digests go with their tags, and podman does not tell of them.
  report.Untagged.push(...(tags.length === 0 ? untagged : tags).map(fullName));
  // Layers are told of too.
  for (const event of events)
    if ('deleted' in event && before.has(event.deleted)) report.Deleted.push(bareId(event.deleted));
}

/** Every name, and the IDs of what has none. */
async function allNames(backend: Backend): Promise<string[]> {
  const rows = await backend.images({ all: true });
  return rows.flatMap(({ id, repoTags }) => (repoTags.length === 0 ? [id] : repoTags));
}

/** podman's: 1 for what is unknown, 2 for what is in use, 125 for all else. */
async function exitCodeOf(error: unknown, backend: Backend, image: string): Promise<number> {
  if (isWherryError(error, 'IMAGE_UNKNOWN')) return 1;
  return isWherryError(error, 'CONFLICT') && (await isInUse(backend, image)) ? 2 : 125;
}

async function isInUse(backend: Backend, image: string): Promise<boolean> {
  try {
    const { Id } = await backend.inspect(image);
    const containers = await backend.containers.list({ all: true });
    return containers.some(({ container }) => container.imageId === Id);
  } catch (error) {
    // Removed meanwhile, or on a system where there are no containers.
    if (isWherryError(error, 'IMAGE_UNKNOWN', 'UNSUPPORTED')) return false;
    throw error;
  }
}
