import {
  familiarName,
  familiarRepository,
  formatReference,
  isWherryError,
  type Reference,
  withDefaultTag,
} from '@wherry/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../api-error.ts';
import type { EngineBackend } from '../backend.ts';
import { withRegistryStatus } from '../images/caller-registry.ts';
import { logImage } from '../images/image-events.ts';
import { LibpodQuery } from './libpod-query.ts';
import { manifestOf } from './manifest-of.ts';
import { runTransfer } from './progress-lines.ts';
import { callerVerbs, registryReference } from './registry-access.ts';

/** Manifests by podman's `--format`. */
const FORMATS: Readonly<Record<string, string>> = {
  oci: 'application/vnd.oci.image.manifest.v1+json',
  v2s2: 'application/vnd.docker.distribution.manifest.v2+json',
};

type Backend = Pick<EngineBackend, 'images' | 'inspect' | 'remove' | 'tag' | 'withCredentials'>;

/** `POST /libpod/images/{name}/push`, to the name itself or to a destination. */
export async function pushLibpodImage(
  app: FastifyInstance,
  backend: Backend,
  name: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const query = new LibpodQuery(request);
  const destination = withDefaultTag(registryReference(query.text('destination') || name));
  return await runTransfer(request, reply, async (_lines, options) => {
    const { Id } = await backend.inspect(name);
    await requireForm(backend, Id, query);
    const verbs = callerVerbs(backend, request, destination.domain);
    await underName(backend, { name, id: Id }, destination, async () => {
      await withRegistryStatus(404, () => verbs.push({ ref: destination }, options));
    });
    logImage(app.engineEvents, 'push', familiarName(destination), familiarRepository(destination));
    return undefined;
  });
}

/** Images are pushed in the form that they have. Throws an `ApiError` for another one. */
async function requireForm(backend: Backend, id: string, query: LibpodQuery): Promise<void> {
  if (query.text('compressionformat') !== '' || query.flag('compress'))
    throw new ApiError(501, 'layers are pushed as they are: pack them in another way with: wherry convert');
  const format = query.text('format');
  if (format === '') return;
  const { mediaType } = (await manifestOf(backend, id)) ?? {};
  if (mediaType !== undefined && FORMATS[format] === mediaType) return;
  throw new ApiError(
    501,
    `an image is pushed in the form that it has (${mediaType ?? 'unknown'}), not as ${format}`,
  );
}

/** Gives the image a name for as long as `work` runs, where it has not got it already. */
async function underName(
  backend: Backend,
  image: { readonly name: string; readonly id: string },
  ref: Reference,
  work: () => Promise<void>,
): Promise<void> {
  const name = formatReference(ref);
  const there = await imageNamed(backend, name);
  if (there === image.id) return await work();
  if (there !== undefined)
    throw new ApiError(
      409,
      `${name} is another image here: tag this one with it, or choose another destination`,
    );
  await backend.tag({ source: image.name, target: ref });
  try {
    await work();
  } finally {
    await backend.remove({ image: name, untagOnly: true });
  }
}

async function imageNamed(backend: Backend, name: string): Promise<string | undefined> {
  try {
    return (await backend.inspect(name)).Id;
  } catch (error) {
    if (isWherryError(error, 'IMAGE_UNKNOWN')) return undefined;
    throw error;
  }
}
