import { type ByteSource, type Digest, familiarName, type Reference, withDefaultTag } from '@wherry/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../api-error.ts';
import type { EngineBackend } from '../backend.ts';
import { bodyOf } from '../wire/json-body.ts';
import { streamJson } from '../wire/json-stream.ts';
import { platformChoice } from '../wire/platform.ts';
import { Query } from '../wire/query.ts';
import { logImage } from './image-events.ts';
import { namedReference } from './image-names.ts';

/** `POST /images/create` with `fromSrc`: a file system's tar, from the body or a URL, becomes an image. */
export async function importImage(
  app: FastifyInstance,
  backend: Pick<EngineBackend, 'import'>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const query = new Query(request);
  const repo = query.text('repo');
  const ref = repo === '' ? undefined : namedReference(repo, query.text('tag'));
  const source = query.text('fromSrc');
  const from = source === '-' ? bodyOf(request) : sourceUrl(source);
  const message = query.text('message');
  const importRequest = {
    from,
    ...(ref && { ref }),
    ...(message !== '' && { message }),
    changes: query.all('changes').flatMap((text) => text.split('\n').filter((line) => line.trim() !== '')),
    ...platformChoice(query.text('platform')),
  };
  return await streamJson(request, reply, async (stream) => {
    const { id } = await backend.import(importRequest, {
      signal: stream.signal,
      onProgress: (event) => {
        if (event.kind === 'fetching') stream.send({ status: `Downloading from ${event.url}` });
      },
    });
    stream.send({ status: id });
    logImport(app, id, ref);
  });
}

/**
 * The URL that a client means; without a scheme it is `http`. Never a path: the service's files are not the
 * client's.
 */
function sourceUrl(source: string): ByteSource | string {
  if (source === '') throw new ApiError(500, 'Get "http:": http: no Host in request URL');
  if (source.startsWith('/'))
    throw new ApiError(500, `Get ${JSON.stringify(`http://${source}`)}: http: no Host in request URL`);
  const url = source.includes('://') ? source : `http://${source}`;
  if (!URL.canParse(url)) throw new ApiError(400, `parse ${JSON.stringify(source)}: invalid URL`);
  const { protocol, href } = new URL(url);
  if (protocol === 'http:' || protocol === 'https:') return href;
  throw new ApiError(
    400,
    `Get ${JSON.stringify(source)}: unsupported protocol scheme "${protocol.slice(0, -1)}"`,
  );
}

function logImport(app: FastifyInstance, id: Digest, ref: Reference | undefined): void {
  if (ref) logImage(app.engineEvents, 'tag', id, familiarName(withDefaultTag(ref)));
  logImage(app.engineEvents, 'import', id);
}
