import { familiarName, formatReference, isWherryError, withDefaultTag } from '@wherry/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../api-error.ts';
import type { EngineBackend } from '../backend.ts';
import { ImagesBefore, logImage } from '../images/image-events.ts';
import { namedReference } from '../images/image-names.ts';
import { splitNamePath } from '../wire/name-path.ts';
import { fullName } from './full-names.ts';
import { libpodHistoryShape, libpodInspectionShape } from './image-shapes.ts';
import { imageTreeText } from './image-tree-text.ts';
import { NOT_KNOWN, unknownImage } from './libpod-error.ts';
import { LibpodQuery } from './libpod-query.ts';
import { manifestOf } from './manifest-of.ts';
import { notSpoken } from './not-spoken.ts';
import { pushLibpodImage } from './push.ts';

type Backend = Pick<EngineBackend, 'history' | 'images' | 'inspect' | 'remove' | 'tag' | 'withCredentials'>;

/** What is asked of one image, whose name may have slashes: the end of the path says what. */
export function libpodImageByNameRoutes(app: FastifyInstance, backend: Backend): void {
  app.get('/images/*', async (request, reply) => {
    const { name, verb } = splitNamePath(request);
    if (verb === 'exists') return await imageExists(backend, name, reply);
    if (verb === 'json') return await orNotFound(() => inspectImage(backend, name));
    if (verb === 'history') return (await orNotFound(() => backend.history(name))).map(libpodHistoryShape);
    if (verb === 'tree') return await orNotFound(() => imageTree(backend, name, request));
    throw notSpoken();
  });
  app.post('/images/*', async (request, reply) => {
    const { name, verb } = splitNamePath(request);
    if (verb === 'push') return await pushLibpodImage(app, backend, name, request, reply);
    if (verb === 'tag') await orNotFound(() => tagImage(app, backend, name, request));
    else if (verb === 'untag') await orNotFound(() => untagImage(app, backend, name, request));
    else throw notSpoken();
    return reply.code(201).send();
  });
}

/** Says of an image that is not here what podman says. */
async function orNotFound<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const image = unknownImage(error);
    if (image === undefined) throw error;
    throw new ApiError(404, `failed to find image ${image}: ${image}: ${NOT_KNOWN}`);
  }
}

async function imageExists(backend: Backend, name: string, reply: FastifyReply): Promise<FastifyReply> {
  try {
    await backend.inspect(name);
  } catch (error) {
    if (isWherryError(error, 'IMAGE_UNKNOWN')) throw new ApiError(404, `failed to find image ${name}`);
    throw error;
  }
  return reply.code(204).send();
}

async function inspectImage(backend: Backend, name: string): Promise<object> {
  const inspection = await backend.inspect(name);
  const history = await backend.history(inspection.Id);
  return libpodInspectionShape(inspection, history, await manifestOf(backend, inspection.Id));
}

async function imageTree(backend: Backend, name: string, request: FastifyRequest): Promise<object> {
  if (new LibpodQuery(request).flag('whatrequires'))
    throw new ApiError(501, 'what was made from an image is not looked up: leave --whatrequires out');
  return { Tree: await imageTreeText(backend, name) };
}

async function tagImage(
  app: FastifyInstance,
  backend: Backend,
  source: string,
  request: FastifyRequest,
): Promise<void> {
  const query = new LibpodQuery(request);
  const target = namedReference(query.text('repo'), query.text('tag'), 500);
  const { Id } = await backend.inspect(source);
  await backend.tag({ source, target });
  logImage(app.engineEvents, 'tag', Id, familiarName(withDefaultTag(target)));
}

/** Takes one name off an image, or all of them; the image stays. */
async function untagImage(
  app: FastifyInstance,
  backend: Backend,
  name: string,
  request: FastifyRequest,
): Promise<void> {
  const query = new LibpodQuery(request);
  const { Id, RepoTags } = await backend.inspect(name);
  const repo = query.text('repo');
  const tag = repo && formatReference(namedReference(repo, query.text('tag') || 'latest', 500));
  if (tag !== '' && !RepoTags.map(fullName).includes(tag)) throw new ApiError(500, `${tag}: tag not known`);
  const before = await ImagesBefore.of(backend);
  const events = await backend.remove({ image: tag === '' ? Id : tag, untagOnly: true });
  before.log(app.engineEvents, events);
}
