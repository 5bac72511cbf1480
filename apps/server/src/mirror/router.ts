import { WherryError } from '@wherry/core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { RegistryBackend } from '../registry/backend.ts';
import { type Endpoint, parseEndpoint } from '../registry/endpoints.ts';
import { queryValue } from '../registry/request.ts';
import { type MirrorBackend, mirroredRepositoryBackend } from './backend.ts';
import { type ChosenUpstream, chooseUpstream, upstreamPath } from './choose-upstream.ts';
import type { MirrorSettings } from './settings.ts';

/** A mirror as a part of the application. */
export interface MirrorParts {
  readonly backend: MirrorBackend;
  readonly hosts: MirrorSettings['hosts'];
}

/** A request for a mirrored repository: which endpoint of it, and who answers. */
export interface TakenRequest {
  readonly endpoint: Endpoint;
  readonly backend: RegistryBackend;
}

/** Takes a request, with its path behind `/v2/`, that is for another registry; `undefined`: it is for ours. */
export type TakeMirrored = (
  request: FastifyRequest,
  reply: FastifyReply,
  path: string,
) => Promise<TakenRequest | undefined>;

type NamedEndpoint = Extract<Endpoint, { readonly name: string }>;

/** Decides for each request whether it is for one of the upstreams. */
export function mirrorRouter({ backend, hosts }: MirrorParts, own: RegistryBackend): TakeMirrored {
  const { upstreams } = backend;
  return async (request, reply, path) => {
    const asked = { path, host: request.headers.host ?? '', namespace: queryValue(request, 'ns') };
    const chosen = chooseUpstream(asked, { upstreams, hosts });
    const endpoint = chosen && parseEndpoint(chosen.path);
    if (!endpoint || !('name' in endpoint)) return undefined;
    const of = { upstream: chosen.upstream, repository: upstreamPath(chosen.upstream, endpoint.name) };
    if (chosen.isBareName && (await isOwn(request, endpoint, of))) return undefined;
    return { endpoint, backend: serve(request, reply, of, chosen) };
  };

  /** A bare name is the upstream's when there is no such repository here, and it is not about to be pushed. */
  async function isOwn(
    { method }: FastifyRequest,
    { kind, name }: NamedEndpoint,
    of: { readonly upstream: string; readonly repository: string },
  ): Promise<boolean> {
    if (method !== 'GET' && method !== 'HEAD') return true;
    // All repositories of Docker Hub have two parts.
    if (kind === 'upload' || kind === 'uploads' || !name.includes('/')) return true;
    if ((await own.listTags(name, { limit: 1 })) !== undefined) return true;
    // A pull asks for a manifest first, a push for blobs.
    return kind === 'blob' && !backend.knows(of);
  }

  function serve(
    request: FastifyRequest,
    reply: FastifyReply,
    of: { readonly upstream: string; readonly repository: string },
    { isBareName }: ChosenUpstream,
  ): RegistryBackend {
    const full = `${of.upstream}/${of.repository}`;
    if (!request.caller.may('pull', full)) throw new WherryError('DENIED', `access to ${full} is denied`);
    reply.header('oci-namespace', of.upstream);
    return mirroredRepositoryBackend(backend, {
      of,
      isBareName,
      isHead: request.method === 'HEAD',
      onWarning: (header) => reply.header('warning', header),
    });
  }
}
