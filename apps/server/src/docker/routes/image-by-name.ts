import { familiarName, isWherryError, type SaveRequest, withDefaultTag } from '@wherry/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../api-error.ts';
import type { EngineBackend } from '../backend.ts';
import { toEngineErrorAnswer } from '../errors.ts';
import { ImagesBefore, logImage, removalShape } from '../images/image-events.ts';
import { namedReference } from '../images/image-names.ts';
import { historyShape, inspectionShape } from '../images/image-shapes.ts';
import { sendArchive } from '../images/send-archive.ts';
import { splitNamePath, wildcard } from '../wire/name-path.ts';
import { platformChoice, readPlatform } from '../wire/platform.ts';
import { Query } from '../wire/query.ts';
import { pageNotFound } from './absent.ts';
import { pushImage } from './image-transfer.ts';

type Backend = Pick<
  EngineBackend,
  'history' | 'images' | 'inspect' | 'remove' | 'save' | 'tag' | 'withCredentials'
>;

/** What is asked of one image, whose name has slashes: the end of the path says what. */
export function imageByNameRoutes(app: FastifyInstance, backend: Backend): void {
  app.get('/images/get', async (request, reply) =>
    sendArchive(app, backend, saveRequest(request, new Query(request).all('names')), reply),
  );
  app.get('/images/*', async (request, reply) => {
    const { name, verb } = splitNamePath(request);
    if (verb === 'json') return await inspectImage(backend, name, request);
    if (verb === 'history') return await historyOfImage(backend, name, request);
    if (verb === 'get') return await sendArchive(app, backend, saveRequest(request, [name]), reply);
    return pageNotFound(reply);
  });
  app.post('/images/*', async (request, reply) => {
    const { name, verb } = splitNamePath(request);
    if (verb === 'push') return await pushImage(app, backend, name, request, reply);
    if (verb === 'tag') return await tagImage(app, backend, name, request, reply);
    return pageNotFound(reply);
  });
  app.delete('/images/*', async (request) => removeImage(app, backend, wildcard(request), request));
}

function saveRequest(request: FastifyRequest, names: readonly string[]): SaveRequest {
  const platforms = new Query(request).all('platform').flatMap((text) => readPlatform(text) ?? []);
  return { images: names.filter((name) => name !== ''), ...(platforms.length > 0 && { platforms }) };
}

async function inspectImage(backend: Backend, name: string, request: FastifyRequest): Promise<object> {
  const choice = platformChoice(new Query(request).text('platform'));
  try {
    return inspectionShape(await backend.inspect(name, choice), request.apiVersion);
  } catch (error) {
    if (!isWherryError(error, 'IMAGE_UNKNOWN', 'INVALID_REFERENCE')) throw error;
    const { status } = toEngineErrorAnswer(error);
    throw new ApiError(status, `no such image: ${name}: ${error.message}`);
  }
}

async function historyOfImage(
  backend: Backend,
  name: string,
  request: FastifyRequest,
): Promise<readonly object[]> {
  const choice = platformChoice(new Query(request).text('platform'));
  return (await backend.history(name, choice)).map(historyShape);
}

async function tagImage(
  app: FastifyInstance,
  backend: Backend,
  source: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const query = new Query(request);
  const target = namedReference(query.text('repo'), query.text('tag'), 500);
  await backend.tag({ source, target });
  const shown = familiarName(withDefaultTag(target));
  logImage(app.engineEvents, 'tag', (await backend.inspect(shown)).Id, shown);
  return reply.code(201).send();
}

async function removeImage(
  app: FastifyInstance,
  backend: Backend,
  image: string,
  request: FastifyRequest,
): Promise<readonly object[]> {
  const query = new Query(request);
  const platforms = query.all('platforms').flatMap((text) => readPlatform(text) ?? []);
  const before = await ImagesBefore.of(backend);
  const events = await backend.remove({
    image,
    force: query.flag('force'),
    noPrune: query.flag('noprune'),
    ...(platforms.length > 0 && { platforms }),
  });
  before.log(app.engineEvents, events);
  return removalShape(events);
}
