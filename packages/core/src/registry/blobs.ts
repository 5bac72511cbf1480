import type { ByteSource } from '../bytes/byte-source.ts';
import type { Digest } from '../digest.ts';
import { isWherryError, WherryError } from '../errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Reference } from '../reference.ts';
import { repositoryScope } from './auth.ts';
import { problemError, pullError, readProblem } from './docker-errors.ts';
import type { RegistryEndpoint } from './endpoints.ts';
import { type MirrorFailure, type MirrorHealth, withMirrors } from './fail-over.ts';
import type { RegistryHttp } from './registry-http.ts';
import { isPassingError } from './retry.ts';
import type { HttpResponse } from './transport.ts';

/** What is to be read, and where it may be. */
export interface BlobRequest {
  readonly ref: Reference;
  readonly descriptor: Descriptor;
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  readonly signal?: AbortSignal | undefined;
}

/** Opens the blob from `at` on. */
type Open = (at: number, mayRange: boolean) => Promise<HttpResponse>;

interface Source {
  readonly name: string;
  readonly open: Open;
  readonly endpoint?: RegistryEndpoint;
}

/**
 * Reads a blob. A transfer that breaks goes on where it was, first from the same endpoint, then from the
 * next; a server without ranges sends all again, and what is known is passed over. Throws `SIZE_MISMATCH`
 * when the blob has another length than its descriptor, `BLOB_UNKNOWN` when no endpoint has it.
 */
export async function* readBlob(
  http: RegistryHttp,
  endpoints: readonly RegistryEndpoint[],
  health: MirrorHealth,
  request: BlobRequest,
): ByteSource {
  const sources = sourcesOf(http, health.usable(endpoints), request);
  const passed: MirrorFailure[] = [];
  let at = request.start;
  let failures = 0;
  let mayRange = true;
  for (let index = 0; ; ) {
    const source = sources[index];
    if (source === undefined) throw new Error('a blob has no source');
    let isAnswered = false;
    try {
      const response = await source.open(at, mayRange);
      isAnswered = true;
      for await (const chunk of chunksOf(response, request, at)) {
        at += chunk.length;
        failures = 0;
        yield chunk;
      }
      return;
    } catch (error) {
      if (!isWherryError(error) || error.code === 'CANCELLED') throw error;
      if (isWherryError(error, 'INVALID_RANGE') && mayRange && at > 0) {
        mayRange = false;
        continue;
      }
      failures++;
      // A request that brought no answer has been repeated already.
      if (isAnswered && isPassingError(error) && failures < http.attemptsAt(source.endpoint)) {
        await http.retry.wait(http.retry.backOff(failures), request.signal);
        continue;
      }
      if (source.endpoint !== undefined) health.noteFailure(source.endpoint, error);
      passed.push({ endpoint: source.name, error: error.message });
      if (++index === sources.length) throw withMirrors(error, passed.slice(0, -1));
      failures = 0;
      mayRange = true;
    }
  }
}

/**
 * Asks one endpoint whether it has a blob. Before a push a refusal means no: what is refused, and why, only
 * the upload's answer tells, for this one has no body.
 */
export async function hasBlob(
  http: RegistryHttp,
  endpoint: RegistryEndpoint,
  digest: Digest,
  actions: 'pull' | 'pull,push',
  signal?: AbortSignal,
): Promise<boolean> {
  const response = await http.send(endpoint, {
    method: 'HEAD',
    target: `${endpoint.repository}/blobs/${digest}`,
    scopes: [repositoryScope(endpoint.repository, actions)],
    repeatable: true,
    signal,
  });
  const refused = actions === 'pull,push' && (response.status === 401 || response.status === 403);
  if (response.status !== 200 && response.status !== 404 && !refused)
    throw problemError(await readProblem(response));
  await response[Symbol.asyncDispose]();
  return response.status === 200;
}

/**
 * Asks one endpoint for a blob's size; `undefined` when it has none. Throws `REGISTRY_ERROR` for an answer
 * that does not tell.
 */
export async function blobSize(
  http: RegistryHttp,
  endpoint: RegistryEndpoint,
  digest: Digest,
  signal?: AbortSignal,
): Promise<number | undefined> {
  const response = await http.send(endpoint, {
    method: 'HEAD',
    target: `${endpoint.repository}/blobs/${digest}`,
    scopes: [repositoryScope(endpoint.repository, 'pull')],
    repeatable: true,
    signal,
  });
  if (response.status !== 200 && response.status !== 404) throw problemError(await readProblem(response));
  await response[Symbol.asyncDispose]();
  if (response.status === 404) return undefined;
  const length = response.headers.get('content-length') ?? '';
  if (!/^\d{1,15}$/.test(length))
    throw new WherryError('REGISTRY_ERROR', `blob ${digest}: registry does not tell its size`);
  return Number(length);
}

function sourcesOf(
  http: RegistryHttp,
  endpoints: readonly RegistryEndpoint[],
  request: BlobRequest,
): Source[] {
  const { descriptor, end, signal } = request;
  const range = (at: number) => ({ range: `bytes=${at}-${end === descriptor.size ? '' : end - 1}` });
  const needsRange = (at: number) => at > 0 || end < descriptor.size;
  const registries = endpoints.map((endpoint) => ({
    name: endpoint.url.host,
    endpoint,
    open: (at: number, mayRange: boolean) =>
      http.send(endpoint, {
        method: 'GET',
        target: `${endpoint.repository}/blobs/${descriptor.digest}`,
        ...(mayRange && needsRange(at) ? { headers: range(at) } : {}),
        scopes: [repositoryScope(endpoint.repository, 'pull')],
        repeatable: true,
        toldAs: 'GET',
        signal,
      }),
  }));
  const elsewhere = (descriptor.urls ?? []).flatMap((text) => {
    const url = URL.parse(text);
    if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:')) return [];
    const open = (at: number, mayRange: boolean) => {
      const headers = mayRange && needsRange(at) ? { headers: range(at) } : {};
      return http.sendPlain({ method: 'GET', url, ...headers }, signal);
    };
    return [{ name: url.host, open }];
  });
  return [...registries, ...elsewhere];
}

/** The bytes from `at` on that an answer brings, which is closed; ends only when all came. */
async function* chunksOf(answer: HttpResponse, request: BlobRequest, at: number): ByteSource {
  await using response = answer;
  let ignored = await leadingBytes(response, request, at);
  let left = request.end - at;
  // Of a whole body that stands for a range, the tail is not ours either.
  const mayExceed = response.status === 200 && request.end < request.descriptor.size;
  for await (const chunk of response.body) {
    const fresh = ignored === 0 ? chunk : chunk.subarray(Math.min(ignored, chunk.length));
    ignored -= chunk.length - fresh.length;
    if (fresh.length > left && !mayExceed) throw sizeMismatch(request, 'more bytes than its size');
    const wanted = fresh.length > left ? fresh.subarray(0, left) : fresh;
    left -= wanted.length;
    if (wanted.length > 0) yield wanted;
    if (left === 0 && mayExceed) return;
  }
  if (left > 0) throw truncated(request, left);
}

/** Checks status and length; tells how many bytes come before `at`. */
async function leadingBytes(response: HttpResponse, request: BlobRequest, at: number): Promise<number> {
  const { descriptor, end, ref } = request;
  const length = response.headers.get('content-length');
  switch (response.status) {
    case 200:
      if (length !== undefined && Number(length) !== descriptor.size)
        throw sizeMismatch(request, `size ${printedLength(length)}`);
      return at;
    case 206: {
      const [, first, total] =
        /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '') ?? [];
      if (Number(first) !== at)
        throw new WherryError(
          'INVALID_RANGE',
          `blob ${descriptor.digest}: answer starts at ${first ?? 'an unknown offset'}, want ${at}`,
        );
      if (total !== undefined && total !== '*' && Number(total) !== descriptor.size)
        throw sizeMismatch(request, `size ${total}`);
      if (length !== undefined && Number(length) > end - at)
        throw new WherryError(
          'SIZE_MISMATCH',
          `blob ${descriptor.digest}: range of ${length} bytes, want ${end - at}`,
        );
      return 0;
    }
    case 416:
      throw new WherryError(
        'INVALID_RANGE',
        `blob ${descriptor.digest}: registry refuses a range from ${at}`,
      );
    default:
      throw pullError(await readProblem(response), ref, 'BLOB_UNKNOWN');
  }
}

function truncated({ descriptor }: BlobRequest, missing: number): WherryError {
  return new WherryError('TRUNCATED', `blob ${descriptor.digest}: unexpected EOF, ${missing} bytes missing`);
}

function printedLength(length: string): string {
  return /^\d{1,20}$/.test(length) ? length : 'unknown';
}

function sizeMismatch({ descriptor }: BlobRequest, found: string): WherryError {
  return new WherryError('SIZE_MISMATCH', `blob ${descriptor.digest}: ${found}, want ${descriptor.size}`);
}
