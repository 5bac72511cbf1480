import {
  familiarName,
  familiarRepository,
  formatPlatform,
  formatReference,
  type PullRequest,
  type PullResult,
  type Reference,
  repositoryOf,
  withDefaultTag,
} from '@wherry/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../api-error.ts';
import type { EngineBackend } from '../backend.ts';
import { registryVerbs, withRegistryStatus } from '../images/caller-registry.ts';
import { logImage } from '../images/image-events.ts';
import { namedReference } from '../images/image-names.ts';
import { importImage } from '../images/import-image.ts';
import { bodyOf, readOptionalJsonObject } from '../wire/json-body.ts';
import { type JsonStream, streamJson } from '../wire/json-stream.ts';
import { platformChoice } from '../wire/platform.ts';
import { loadMessages, PullMessages, pushMessages } from '../wire/progress-messages.ts';
import { Query } from '../wire/query.ts';

type Backend = Pick<EngineBackend, 'import' | 'load' | 'withCredentials'>;

/** What brings images here: pull, import and load. */
export function imageTransferRoutes(app: FastifyInstance, backend: Backend): void {
  app.post('/images/create', async (request, reply) => {
    const isPull = new Query(request).text('fromImage') !== '';
    return await (isPull ? pullImage : importImage)(app, backend, request, reply);
  });
  app.post('/images/load', async (request, reply) => loadImages(app, backend, request, reply));
}

async function pullImage(
  app: FastifyInstance,
  backend: Backend,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const query = new Query(request);
  const ref = namedReference(query.text('fromImage').replace(/:$/, ''), query.text('tag'));
  const verbs = registryVerbs(backend, request, ref.domain);
  const pullRequest: PullRequest = { ref, ...platformChoice(query.text('platform')) };
  const isAllTags = ref.tag === undefined && ref.digest === undefined;
  return await streamJson(request, reply, async (stream) => {
    const messages = new PullMessages(stream);
    const options = { signal: stream.signal, onProgress: messages.add.bind(messages) };
    const results = await withRegistryStatus(404, async () =>
      isAllTags ? await verbs.pullAllTags(pullRequest, options) : [await verbs.pull(pullRequest, options)],
    );
    messages.finishTag();
    sendStatus(stream, ref, results);
    for (const result of results)
      logImage(app.engineEvents, 'pull', familiarName(result.ref), familiarRepository(result.ref));
  });
}

function sendStatus(stream: JsonStream, ref: Reference, results: readonly PullResult[]): void {
  const isNew = results.some(({ status }) => status === 'downloaded');
  const shown = familiarName(ref.digest === undefined ? ref : { ...repositoryOf(ref), digest: ref.digest });
  stream.send({ status: `Status: ${isNew ? 'Downloaded newer image' : 'Image is up to date'} for ${shown}` });
  for (const { platformMismatch } of results) {
    if (platformMismatch === undefined) continue;
    const { wanted, actual } = platformMismatch;
    stream.send({
      status:
        `WARNING: image with reference ${formatReference(repositoryOf(ref))} was found but does not match the ` +
        `specified platform: wanted ${formatPlatform(wanted)}, actual: ${formatPlatform(actual)}`,
    });
  }
}

async function loadImages(
  app: FastifyInstance,
  backend: Backend,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const query = new Query(request);
  const { platform } = platformChoice(query.text('platform'));
  const quiet = query.flag('quiet', true);
  return await streamJson(
    request,
    reply,
    async (stream) => {
      const onProgress = loadMessages(stream, { quiet });
      const loadRequest = { from: bodyOf(request), ...(platform && { platforms: [platform] }) };
      const loaded = await backend.load(loadRequest, { signal: stream.signal, onProgress });
      for (const id of new Set(loaded.map((image) => image.id))) logImage(app.engineEvents, 'load', id);
    },
    // As Docker, which has begun its answer before it reads the archive.
    { faultsInStream: true },
  );
}

/** `POST /images/{name}/push`. */
export async function pushImage(
  app: FastifyInstance,
  backend: Pick<EngineBackend, 'withCredentials'>,
  name: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  // Clients of old had the credentials in the body.
  if (request.headers['x-registry-auth'] === undefined && !(await readOptionalJsonObject(request)))
    throw new ApiError(400, 'Bad parameters and missing X-Registry-Auth: EOF');
  const query = new Query(request);
  const ref = namedReference(name, query.text('tag'));
  const verbs = registryVerbs(backend, request, ref.domain);
  const choice = platformChoice(query.text('platform'));
  return await streamJson(request, reply, async (stream) => {
    stream.send({ status: `The push refers to repository [${formatReference(repositoryOf(ref))}]` });
    const options = { signal: stream.signal, onProgress: pushMessages(stream) };
    const isAllTags = ref.tag === undefined && ref.digest === undefined;
    if (isAllTags) await verbs.pushAllTags({ repository: ref, ...choice }, options);
    else await verbs.push({ ref: withDefaultTag(ref), ...choice }, options);
    logImage(app.engineEvents, 'push', familiarName(ref), familiarRepository(ref));
  });
}
