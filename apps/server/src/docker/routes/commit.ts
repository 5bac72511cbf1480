import type { Reference } from '@wherry/core';
import type { FastifyInstance } from 'fastify';
import { ApiError } from '../api-error.ts';
import type { EngineBackend } from '../backend.ts';
import { namedReference } from '../images/image-names.ts';
import { type JsonObject, readOptionalJsonObject } from '../wire/json-body.ts';
import { abortWhenGone } from '../wire/json-stream.ts';
import { Query } from '../wire/query.ts';

type Backend = Pick<EngineBackend, 'commit'>;

/** Members of a container's configuration that Docker would put into the image. */
const CONFIG = [
  ...['Cmd', 'Entrypoint', 'Env', 'ExposedPorts', 'Healthcheck', 'Labels', 'OnBuild', 'Shell'],
  ...['StopSignal', 'User', 'Volumes', 'WorkingDir'],
];

/** `POST /commit`: an image of what a container changed. */
export function commitRoutes(app: FastifyInstance, backend: Backend): void {
  app.post('/commit', async (request, reply) => {
    const query = new Query(request);
    refuseConfig((await readOptionalJsonObject(request)) ?? {});
    const container = query.text('container');
    if (container === '') throw new ApiError(400, 'invalid name or ID supplied: ""');
    const ref = referenceOf(query);
    const [author, message] = [query.text('author'), query.text('comment')];
    const gone = abortWhenGone(reply);
    try {
      const { id } = await backend.commit(
        {
          ...{ container, pause: query.flag('pause', true) },
          ...(ref && { ref }),
          ...(author && { author }),
          ...(message && { message }),
          changes: query
            .all('changes')
            .flatMap((text) => text.split('\n'))
            .filter(Boolean),
        },
        { signal: gone.signal },
      );
      return await reply.code(201).send({ Id: id });
    } finally {
      gone.release();
    }
  });
}

function referenceOf(query: Query): Reference | undefined {
  const repo = query.text('repo');
  if (repo === '') return undefined;
  const ref = namedReference(repo, query.text('tag'), 500);
  return ref.tag === undefined && ref.digest === undefined ? { ...ref, tag: 'latest' } : ref;
}

function refuseConfig(config: JsonObject): void {
  const name = CONFIG.find((each) => isGiven(config[each]));
  if (name !== undefined)
    throw new ApiError(501, `${name} in the body of a commit is not offered: give it as one of the changes`);
}

function isGiven(value: unknown): boolean {
  if (value === null || value === undefined || value === '') return false;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}
