import type { ContainerVerbs, StatsRequest } from '@wherry/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../api-error.ts';
import { abortWhenGone } from '../wire/json-stream.ts';
import { Query } from '../wire/query.ts';
import { statsDocument } from '../wire/stats.ts';
import { sendBytes } from './container-streams.ts';

export interface StatsParts {
  readonly containers: Pick<ContainerVerbs, 'stats'>;
  /** Aborted when the service ends. */
  readonly closing: AbortSignal;
}

interface Named {
  readonly Params: { readonly id: string };
}

/** Before this version nobody could ask for a sample that nothing is compared with. */
const ONE_SHOT_SINCE = 41;

/** What containers take of the machine. */
export function statsRoutes(app: FastifyInstance, { closing, containers }: StatsParts): void {
  app.get<Named>('/containers/:id/stats', async (request, reply) => {
    const mode = modeOf(request);
    const asked = { container: request.params.id, mode };
    const documents = (gone: AbortSignal) =>
      containers.stats(asked, { signal: AbortSignal.any([gone, closing]) });
    if (mode !== 'stream') return await oneOf(request.params.id, reply, documents);
    return await sendBytes(reply, undefined, async function* (gone) {
      for await (const sample of documents(gone))
        yield Buffer.from(`${JSON.stringify(statsDocument(sample))}\n`);
    });
  });
}

function modeOf(request: FastifyRequest<Named>): StatsRequest['mode'] {
  const query = new Query(request);
  const isStream = query.flag('stream', true);
  const isOneShot = request.apiVersion.minor >= ONE_SHOT_SINCE && query.flag('one-shot');
  if (isStream && isOneShot) throw new ApiError(400, 'cannot have stream=true and one-shot=true');
  if (isStream) return 'stream';
  return isOneShot ? 'instant' : 'once';
}

async function oneOf(
  id: string,
  reply: FastifyReply,
  samples: (gone: AbortSignal) => ReturnType<ContainerVerbs['stats']>,
): Promise<Record<string, unknown>> {
  const gone = abortWhenGone(reply);
  try {
    for await (const sample of samples(gone.signal)) return statsDocument(sample);
  } finally {
    gone.release();
  }
  // It was removed between two looks at it.
  throw new ApiError(404, `No such container: ${id}`);
}
