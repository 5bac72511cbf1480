import { type BuildEvent, type BuildResult, familiarName, isWherryError } from '@wherry/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../api-error.ts';
import type { EngineBackend } from '../backend.ts';
import { BuildMessages } from '../builds/build-messages.ts';
import { buildParameters } from '../builds/build-parameters.ts';
import { givenCredentials } from '../images/caller-registry.ts';
import { logImage } from '../images/image-events.ts';
import { filterList, readFilters } from '../wire/filters.ts';
import { bodyOf, hasBody } from '../wire/json-body.ts';
import { errorMessage, type JsonStream, type StreamMessage, streamJson } from '../wire/json-stream.ts';
import { Query } from '../wire/query.ts';
import { readRegistryConfig } from '../wire/registry-auth.ts';

type Backend = Pick<EngineBackend, 'pruneBuildCache' | 'withCredentials'>;

/** Builds from a context that is the request's body, or from elsewhere, and what they leave. */
export function buildRoutes(app: FastifyInstance, backend: Backend): void {
  app.post('/build', async (request, reply) => await build(app, backend, request, reply));
  app.post('/build/prune', async (request) => {
    const query = new Query(request);
    const keep = query.integer('reserved-space') ?? query.integer('keep-storage');
    const [max, free] = [query.integer('max-used-space'), query.integer('min-free-space')];
    const { deleted, reclaimedBytes } = await backend.pruneBuildCache({
      all: query.flag('all'),
      filters: filterList(readFilters(query.text('filters'))),
      ...(keep !== undefined && { reservedBytes: keep }),
      ...(max !== undefined && { maxUsedBytes: max }),
      ...(free !== undefined && { minFreeBytes: free }),
    });
    return { CachesDeleted: deleted.length > 0 ? deleted : null, SpaceReclaimed: reclaimedBytes };
  });
}

async function build(
  app: FastifyInstance,
  backend: Backend,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const query = new Query(request);
  const parameters = buildParameters(query, bodyOf(request));
  if (!hasBody(request) && query.text('remote') === '')
    throw new ApiError(
      500,
      `Cannot locate specified Dockerfile: ${query.text('dockerfile') || 'Dockerfile'}`,
    );
  const verbs = backend.withCredentials(givenCredentials(readRegistryConfig(request)));
  return await streamJson(request, reply, async (stream) => {
    const teller = query.flag('q') ? new QuietTeller(stream) : stream;
    const messages = new BuildMessages(teller);
    const onBuildEvent = async (event: BuildEvent) => {
      messages.add(event);
      // A program that prints is not faster than its reader.
      if (event.kind === 'build-output') await roomIn(reply);
    };
    const phase = new AnswerPhase();
    let result: BuildResult;
    try {
      result = await verbs.build(parameters, {
        signal: stream.signal,
        onBuildEvent: (event) => {
          phase.follow(event);
          return onBuildEvent(event);
        },
      });
    } catch (error) {
      messages.flush();
      throwOrTell(error, phase, teller, stream);
      return;
    }
    if (teller instanceof QuietTeller) stream.send({ stream: `${result.id ?? ''}\n` });
    if (result.id !== undefined)
      for (const ref of result.names) logImage(app.engineEvents, 'tag', result.id, familiarName(ref));
  });
}

/** Once a step has begun the answer has, and what goes wrong is its last message. */
class AnswerPhase {
  hasBegun = false;

  follow({ kind }: BuildEvent): void {
    if (kind === 'build-step') this.hasBegun = true;
  }
}

/** Keeps what is to be told only if the build fails. */
class QuietTeller {
  readonly #stream: JsonStream;
  readonly #kept: StreamMessage[] = [];

  constructor(stream: JsonStream) {
    this.#stream = stream;
  }

  send(message: StreamMessage): void {
    this.#kept.push(message);
  }

  tell(): void {
    for (const message of this.#kept) this.#stream.send(message);
  }
}

function throwOrTell(
  error: unknown,
  { hasBegun }: AnswerPhase,
  teller: Pick<JsonStream, 'send'>,
  stream: JsonStream,
): void {
  if (!hasBegun) throw toRefusal(error);
  if (teller instanceof QuietTeller) teller.tell();
  const code = isWherryError(error, 'BUILD_FAILED') ? error.details.exitCode : undefined;
  const message = errorMessage(error);
  const detail = message.errorDetail as StreamMessage;
  stream.send(typeof code === 'number' ? { ...message, errorDetail: { code, ...detail } } : message);
}

/** Docker's 500 for a context that has no Dockerfile. */
function toRefusal(error: unknown): unknown {
  return isWherryError(error, 'FILE_NOT_FOUND') ? new ApiError(500, error.message) : error;
}

async function roomIn({ raw }: FastifyReply): Promise<void> {
  if (!raw.writableNeedDrain || raw.destroyed) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      raw.off('drain', done).off('close', done);
      resolve();
    };
    raw.on('drain', done).on('close', done);
  });
}
