import { type Descriptor, type Digest, isDigest, MAX_MANIFEST_BYTES, WherryError } from '@wherry/core';
import type { FastifyRequest } from 'fastify';
import type { ManifestBackend } from '../backend.ts';
import { type EndpointOf, isTag } from '../endpoints.ts';
import { matchesEtag } from '../headers.ts';
import { onceThere } from '../once-there.ts';
import { queryValues, readBody, requireDigest } from '../request.ts';
import { accessOf } from '../rights.ts';
import type { Exchange, Handlers } from '../route.ts';
import { sendSmall } from '../send-small.ts';

type ManifestExchange = Exchange<EndpointOf<'manifest'>>;

/** Tags that one request may set beside the manifest. OCI distribution-spec, end-7b asks for ten at least. */
const MAX_TAGS = 100;

/** Manifests and indexes: read (end-3), pushed (end-7), deleted (end-9). They are kept and served byte for byte. */
export function manifestRoutes(backend: ManifestBackend): Handlers<'manifest'> {
  return {
    HEAD: (exchange) =>
      onceThere(findManifest(backend, exchange), (descriptor) => {
        if (isFresh(exchange, descriptor)) return exchange.reply.code(304).send();
        return exchange.reply.header('content-length', descriptor.size).send();
      }),
    GET: (exchange) =>
      onceThere(findManifest(backend, exchange), (descriptor) => {
        if (isFresh(exchange, descriptor)) return exchange.reply.code(304).send();
        return onceThere(backend.readManifest(descriptor), (bytes) => sendSmall(exchange.reply, bytes));
      }),
    PUT: async (exchange) => {
      const { endpoint, request, reply } = exchange;
      const { digest, tags } = namesOf(exchange);
      const contentType = request.headers['content-type'];
      const { descriptor, subject } = await backend.putManifest({
        ...accessOf(request.caller, endpoint.name),
        tags,
        bytes: await readBody(request, MAX_MANIFEST_BYTES),
        ...(digest !== undefined && { digest }),
        ...(contentType !== undefined && { contentType }),
        ...conditionOf(request),
      });
      if (digest !== undefined && tags.length > 0) reply.header('oci-tag', tags);
      if (subject !== undefined) reply.header('oci-subject', subject);
      return reply
        .code(201)
        .header('location', `/v2/${endpoint.name}/manifests/${descriptor.digest}`)
        .header('docker-content-digest', descriptor.digest)
        .send();
    },
    DELETE: async ({ endpoint, reply }) => {
      const { name, reference } = endpoint;
      if (!isTag(reference)) requireDigest(reference);
      if (!(await backend.deleteManifest(name, reference))) throw manifestUnknown(endpoint);
      return reply.code(202).send();
    },
  };
}

function findManifest(
  backend: ManifestBackend,
  { endpoint, reply }: ManifestExchange,
): Descriptor | Promise<Descriptor> {
  const { name, reference } = endpoint;
  // What is neither a tag nor a digest names nothing, which is all a reader has to know.
  const valid = isTag(reference) || isDigest(reference);
  return onceThere(valid ? backend.findManifest(name, reference) : undefined, (descriptor) => {
    if (!descriptor) throw manifestUnknown(endpoint);
    reply
      .header('docker-content-digest', descriptor.digest)
      .header('etag', `"${descriptor.digest}"`)
      .type(descriptor.mediaType);
    return descriptor;
  });
}

function manifestUnknown({ name, reference }: EndpointOf<'manifest'>): WherryError {
  const separator = reference.includes(':') ? '@' : ':';
  return new WherryError(
    'MANIFEST_UNKNOWN',
    `manifest unknown: ${name}${separator}${reference.slice(0, 200)}`,
  );
}

function isFresh({ request }: ManifestExchange, descriptor: Descriptor): boolean {
  return matchesEtag(request.headers['if-none-match'], `"${descriptor.digest}"`);
}

/** A client that read the tag before may have it moved only if nobody else did so. RFC 9110 section 13.1. */
function conditionOf({ headers }: FastifyRequest): { accepts?: (current: Digest | undefined) => boolean } {
  const { 'if-match': match, 'if-none-match': noneMatch } = headers;
  if (match === undefined && noneMatch === undefined) return {};
  const isNamed = (header: string, current: Digest | undefined) =>
    current !== undefined && matchesEtag(header, `"${current}"`);
  return {
    accepts: (current) =>
      (match === undefined || isNamed(match, current)) &&
      (noneMatch === undefined || !isNamed(noneMatch, current)),
  };
}

/** What a push calls the manifest: a tag, or its digest and any number of `?tag=`. */
function namesOf({ endpoint, request }: ManifestExchange): { digest?: Digest; tags: readonly string[] } {
  const { reference } = endpoint;
  const tags = queryValues(request, 'tag');
  if (tags.length > MAX_TAGS)
    throw new WherryError('INVALID_ARGUMENT', `request sets ${tags.length} tags, the limit is ${MAX_TAGS}`);
  if (reference.includes(':')) return { digest: requireDigest(reference), tags: tags.map(requireTag) };
  return { tags: [...new Set([reference, ...tags])].map(requireTag) };
}

function requireTag(text: string): string {
  if (!isTag(text))
    throw new WherryError('INVALID_DOCUMENT', `invalid tag ${JSON.stringify(text.slice(0, 200))}`);
  return text;
}
