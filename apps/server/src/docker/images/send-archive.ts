import { Readable } from 'node:stream';
import { isWherryError, type SaveRequest } from '@wherry/core';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { EngineBackend } from '../backend.ts';
import { abortWhenGone } from '../wire/json-stream.ts';
import { logImage } from './image-events.ts';

type Backend = Pick<EngineBackend, 'inspect' | 'save'>;

/** Sends an archive of one image, or of several. What is wrong with the names is told before the first byte. */
export async function sendArchive(
  app: FastifyInstance,
  backend: Backend,
  request: SaveRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { signal, release } = abortWhenGone(reply);
  const archive = backend.save(request, { signal });
  const chunks = archive[Symbol.asyncIterator]();
  const first = await chunks.next();
  async function* all() {
    try {
      if (first.done) return;
      yield first.value;
      for await (const chunk of { [Symbol.asyncIterator]: () => chunks }) yield chunk;
      for (const id of await idsOf(backend, request.images)) logImage(app.engineEvents, 'save', id);
    } finally {
      release();
    }
  }
  return reply.type('application/x-tar').send(Readable.from(all(), { objectMode: false }));
}

async function idsOf(backend: Backend, images: readonly string[]): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for (const image of images) {
    try {
      ids.add((await backend.inspect(image)).Id);
    } catch (error) {
      // Removed while it was read, or a repository that stands for all its tags.
      if (!isWherryError(error, 'IMAGE_UNKNOWN')) throw error;
    }
  }
  return ids;
}
