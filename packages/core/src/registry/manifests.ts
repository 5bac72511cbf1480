import { createHash } from 'node:crypto';
import { collect } from '../bytes/collect.ts';
import { type Digest, digestAlgorithm, isDigest } from '../digest.ts';
import { isWherryError, WherryError } from '../errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { familiarName, type Reference } from '../reference.ts';
import { repositoryScope } from './auth.ts';
import { problemError, pullError, readProblem } from './docker-errors.ts';
import type { RegistryEndpoint } from './endpoints.ts';
import type { DeleteOutcome, RemoteDocument } from './registry-client.ts';
import type { RegistryHttp } from './registry-http.ts';
import type { HttpResponse } from './transport.ts';

/** Largest manifest that registries must take. OCI distribution-spec v1.1, "Pushing Manifests". */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

const SCHEMA_1 = /^application\/vnd\.docker\.distribution\.manifest\.v1\+(?:prettyjws|json)$/;
const GENERIC_TYPES: ReadonlySet<string> = new Set([
  '',
  'application/json',
  'text/plain',
  'application/octet-stream',
]);

const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const ACCEPT = [
  OCI_INDEX,
  OCI_MANIFEST,
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  '*/*;q=0.1',
].join(', ');

/** Fetches the manifest or index that `ref` names at one endpoint, verified against every digest known. */
export async function fetchManifest(
  http: RegistryHttp,
  endpoint: RegistryEndpoint,
  ref: Reference,
  signal?: AbortSignal,
): Promise<RemoteDocument> {
  const response = await requestManifest(http, endpoint, ref, 'GET', signal);
  if (response.status !== 200) throw pullError(await readProblem(response), ref, 'MANIFEST_UNKNOWN');
  await using open = response;
  const bytes = await manifestBytes(open, ref);
  const digest = verifiedDigest(bytes, open, ref);
  const mediaType = mediaTypeOf(bytes, open, ref);
  return { descriptor: { mediaType, digest, size: bytes.length }, bytes };
}

/** Asks for a manifest's descriptor; `undefined` when there is none. */
export async function headManifest(
  http: RegistryHttp,
  endpoint: RegistryEndpoint,
  ref: Reference,
  signal?: AbortSignal,
): Promise<Descriptor | undefined> {
  await using response = await requestManifest(http, endpoint, ref, 'HEAD', signal);
  if (response.status === 404) return undefined;
  if (response.status !== 200) throw pullError(await readProblem(response), ref, 'MANIFEST_UNKNOWN');
  const digest = ref.digest ?? response.headers.get('docker-content-digest');
  const size = Number(response.headers.get('content-length') ?? Number.NaN);
  if (digest !== undefined && isDigest(digest) && Number.isSafeInteger(size))
    return { mediaType: contentType(response), digest, size };
  // An old registry leaves the digest out: only the body tells.
  return (await fetchManifest(http, endpoint, ref, signal)).descriptor;
}

/** A manifest that a registry has taken. */
export interface StoredManifest {
  readonly descriptor: Descriptor;
  /** The registry has noted the manifest's subject, and will list it. OCI distribution-spec v1.1, `OCI-Subject`. */
  readonly isSubjectNoted: boolean;
}

/** Stores a manifest under the reference's tag, else under its digest. */
export async function pushManifest(
  http: RegistryHttp,
  endpoint: RegistryEndpoint,
  ref: Reference,
  bytes: Uint8Array,
  mediaType: string,
  signal?: AbortSignal,
): Promise<StoredManifest> {
  const digest = digestOf(bytes, ref.digest);
  if (ref.digest !== undefined && ref.digest !== digest) throw mismatch(ref, digest, ref.digest);
  const response = await http.send(endpoint, {
    method: 'PUT',
    target: `${endpoint.repository}/manifests/${ref.tag ?? digest}`,
    headers: { 'content-type': mediaType, 'content-length': String(bytes.length) },
    async *body() {
      yield bytes;
    },
    scopes: [repositoryScope(endpoint.repository, 'pull,push')],
    repeatable: true,
    signal,
  });
  if (response.status !== 201 && response.status !== 200 && response.status !== 202)
    throw problemError(await readProblem(response));
  await using open = response;
  const stored = open.headers.get('docker-content-digest');
  if (stored !== undefined && stored !== digest && digestAlgorithm(digest) === stored.split(':')[0])
    throw new WherryError(
      'DIGEST_MISMATCH',
      `manifest ${familiarName(ref)}: registry stored ${stored}, want ${digest}`,
    );
  const isSubjectNoted = open.headers.has('oci-subject');
  return { descriptor: { mediaType, digest, size: bytes.length }, isSubjectNoted };
}

/** Answers of a registry that does not delete what it was asked to; 400: it wants a digest. */
const REFUSED_DELETIONS: ReadonlySet<number> = new Set([400, 405, 501]);

/** Deletes the tag alone where the reference has one, else the manifest with all its tags. */
export async function deleteManifest(
  http: RegistryHttp,
  endpoint: RegistryEndpoint,
  ref: Reference,
  signal?: AbortSignal,
): Promise<DeleteOutcome> {
  const response = await http.send(endpoint, {
    method: 'DELETE',
    target: `${endpoint.repository}/manifests/${ref.tag ?? ref.digest ?? 'latest'}`,
    scopes: [repositoryScope(endpoint.repository, 'pull,push,delete')],
    repeatable: true,
    signal,
  });
  if (response.status >= 300) {
    const problem = await readProblem(response);
    if (REFUSED_DELETIONS.has(problem.status)) return 'unsupported';
    if (problem.status === 404) return 'missing';
    throw problemError(problem);
  }
  await response[Symbol.asyncDispose]();
  return 'deleted';
}

function requestManifest(
  http: RegistryHttp,
  endpoint: RegistryEndpoint,
  ref: Reference,
  method: 'GET' | 'HEAD',
  signal?: AbortSignal,
): Promise<HttpResponse> {
  return http.send(endpoint, {
    method,
    target: `${endpoint.repository}/manifests/${ref.digest ?? ref.tag ?? 'latest'}`,
    headers: { accept: ACCEPT },
    scopes: [repositoryScope(endpoint.repository, 'pull')],
    repeatable: true,
    // Docker resolves a tag by HEAD, and so names it in what it prints.
    toldAs: ref.digest === undefined ? 'HEAD' : 'GET',
    signal,
  });
}

async function manifestBytes(response: HttpResponse, ref: Reference): Promise<Uint8Array> {
  const tooLarge = (cause?: unknown) =>
    new WherryError('TOO_LARGE', `manifest ${familiarName(ref)} is larger than ${MAX_MANIFEST_BYTES} bytes`, {
      cause,
    });
  const length = Number(response.headers.get('content-length') ?? 0);
  if (length > MAX_MANIFEST_BYTES) throw tooLarge();
  try {
    return await collect(response.body, MAX_MANIFEST_BYTES);
  } catch (error) {
    if (isWherryError(error, 'TOO_LARGE')) throw tooLarge(error);
    throw error;
  }
}

function verifiedDigest(bytes: Uint8Array, response: HttpResponse, ref: Reference): Digest {
  const digest = digestOf(bytes, ref.digest);
  if (ref.digest !== undefined && digest !== ref.digest) throw mismatch(ref, digest, ref.digest);
  const said = response.headers.get('docker-content-digest');
  if (said !== undefined && isDigest(said)) {
    const actual = digestOf(bytes, said);
    if (actual !== said) throw mismatch(ref, actual, said);
  }
  return digest;
}

function mismatch(ref: Reference, actual: string, wanted: string): WherryError {
  return new WherryError(
    'DIGEST_MISMATCH',
    `manifest ${familiarName(ref)}: digest ${actual}, want ${wanted}`,
  );
}

/**
 * The document's own media type, else the header's. Throws `INVALID_DOCUMENT` when both are given and
 * differ: the same bytes would mean two things. OCI distribution-spec v1.1, "Pulling manifests".
 */
function mediaTypeOf(bytes: Uint8Array, response: HttpResponse, ref: Reference): string {
  const sent = contentType(response);
  const document = parsedDocument(bytes, sent, ref);
  if (document.schemaVersion === 1 || SCHEMA_1.test(sent))
    throw new WherryError(
      'UNSUPPORTED',
      `manifest ${familiarName(ref)} is a Docker image manifest of schema version 1, which is no longer supported`,
      { hint: 'push the image again with a current tool, or ask its owner to' },
    );
  const { mediaType: own } = document;
  if (typeof own !== 'string' || own === '')
    return GENERIC_TYPES.has(sent) ? guessedType(document, sent) : sent;
  if (own !== sent && !GENERIC_TYPES.has(sent))
    throw new WherryError(
      'INVALID_DOCUMENT',
      `manifest ${familiarName(ref)}: media type ${own}, want ${sent} as its Content-Type says`,
    );
  return own;
}

function guessedType(document: Record<string, unknown>, sent: string): string {
  if (Array.isArray(document.manifests)) return OCI_INDEX;
  return typeof document.config === 'object' ? OCI_MANIFEST : sent;
}

function parsedDocument(bytes: Uint8Array, sent: string, ref: Reference): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    if (!(cause instanceof SyntaxError) && !(cause instanceof TypeError)) throw cause;
    const html =
      sent === 'text/html' ||
      /^\s*<(?:!doctype|html)/i.test(new TextDecoder().decode(bytes.subarray(0, 200)));
    throw new WherryError(
      'REGISTRY_ERROR',
      `manifest ${familiarName(ref)}: registry answered with ${html ? 'an HTML page' : 'something that is not JSON'}`,
      { hint: 'check the registry address: a proxy or a web site may have answered in its place', cause },
    );
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw new WherryError(
    'REGISTRY_ERROR',
    `manifest ${familiarName(ref)}: registry answered with JSON that is no manifest`,
  );
}

function contentType(response: HttpResponse): string {
  return (response.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}

/** The digest of `bytes`, in the algorithm of `like`. */
function digestOf(bytes: Uint8Array, like: Digest | undefined): Digest {
  const algorithm = like === undefined ? 'sha256' : digestAlgorithm(like);
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}` as Digest;
}
