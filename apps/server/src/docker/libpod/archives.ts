import { formatReference } from '@wherry/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../api-error.ts';
import type { EngineBackend } from '../backend.ts';
import { logImage } from '../images/image-events.ts';
import { sendArchive } from '../images/send-archive.ts';
import { bodyOf } from '../wire/json-body.ts';
import { abortWhenGone } from '../wire/json-stream.ts';
import { LibpodQuery } from './libpod-query.ts';

/** What an archive here is, all at once. */
const FORMATS = ['', 'docker-archive', 'oci-archive', 'oci-dir'];

type Backend = Pick<EngineBackend, 'inspect' | 'load' | 'save'>;

/** Images as archives, in and out. */
export function libpodArchiveRoutes(app: FastifyInstance, backend: Backend): void {
  app.post('/images/load', async (request, reply) => loadImages(app, backend, request, reply));
  app.get('/images/export', async (request, reply) => {
    const query = new LibpodQuery(request);
    const format = query.text('format');
    if (!FORMATS.includes(format))
      throw new ApiError(501, `${format} is not written: use docker-archive, oci-archive or oci-dir`);
    if (query.flag('compress')) throw new ApiError(501, 'layers are written as they are, without --compress');
    const images = query.all('references').filter((name) => name !== '');
    return await sendArchive(app, backend, { images }, reply);
  });
}

async function loadImages(
  app: FastifyInstance,
  backend: Backend,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<object> {
  const { release, signal } = abortWhenGone(reply);
  try {
    const loaded = await backend.load({ from: bodyOf(request) }, { signal });
    for (const id of new Set(loaded.map((image) => image.id))) logImage(app.engineEvents, 'load', id);
    return { Names: loaded.map(({ id, ref }) => (ref ? formatReference(ref) : id)) };
  } finally {
    release();
  }
}
