import type { ByteRange } from '../bytes/byte-range.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import type { Digest } from '../digest.ts';
import { isWherryError, WherryError } from '../errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { repositoryScope } from './auth.ts';
import { hasBlob } from './blobs.ts';
import { problemError, readProblem } from './docker-errors.ts';
import type { RegistryEndpoint } from './endpoints.ts';
import type { RegistryHttp, RegistryRequest } from './registry-http.ts';
import { isPassingError } from './retry.ts';
import type { HttpResponse } from './transport.ts';

/** Blobs up to this size go with the closing PUT: one round trip less, little to send again. */
const SINGLE_REQUEST_BYTES = 1024 * 1024;
/** Piece of an upload to a registry, or a proxy before it, that refuses the whole in one request. */
const CHUNK_BYTES = 16 * 1024 * 1024;
const FAILURES_BEFORE_CHUNKS = 2;

export interface UploadRequest {
  readonly descriptor: Descriptor;
  readonly read: (range?: ByteRange) => ByteSource;
  readonly onProgress?: ((sentBytes: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An upload session. Its location changes with every answer. */
interface Session {
  readonly location: URL;
  /** Bytes that the registry holds. */
  readonly offset: number;
  /** The smallest piece the registry wants. OCI distribution-spec v1.1, `OCI-Chunk-Min-Length`. */
  readonly minChunkBytes: number;
}

/** The uploads to one repository. */
export class Uploader {
  readonly #http: RegistryHttp;
  readonly #endpoint: RegistryEndpoint;
  readonly #scope: string;

  constructor(http: RegistryHttp, endpoint: RegistryEndpoint) {
    this.#http = http;
    this.#endpoint = endpoint;
    this.#scope = repositoryScope(endpoint.repository, 'pull,push');
  }

  /**
   * Mounts a blob from the first of `repositories` that the registry takes it from; tells which one, or
   * gives the session that a registry opens instead of mounting.
   */
  async mount(
    digest: Digest,
    repositories: readonly string[],
    signal?: AbortSignal,
  ): Promise<{ mountedFrom: string } | { session: Session | undefined }> {
    let session: Session | undefined;
    for (const from of repositories) {
      const response = await this.#send({
        method: 'POST',
        target: `${this.#endpoint.repository}/blobs/uploads/`,
        query: { mount: digest, from },
        headers: { 'content-length': '0' },
        scopes: [this.#scope, repositoryScope(from, 'pull')],
        repeatable: true,
        signal,
      });
      if (response.status === 201) {
        await response[Symbol.asyncDispose]();
        return { mountedFrom: from };
      }
      if (response.status === 202) {
        if (session !== undefined) await this.#cancel(session, signal);
        session = await this.#sessionOf(response, 0);
      } else await response[Symbol.asyncDispose]();
    }
    return { session };
  }

  /** Sends the blob; a broken upload goes on where the registry says. Throws the registry's errors. */
  async upload(request: UploadRequest, opened?: Session): Promise<void> {
    const { descriptor, signal } = request;
    let session = opened;
    let chunkBytes: number | undefined;
    let failures = 0;
    let best = 0;
    const source = new WatchedSource(request.read);
    const watched = { ...request, read: source.read };
    for (;;) {
      try {
        session ??= await this.#open(signal);
        const outcome = await this.#advance(session, watched, chunkBytes);
        if (outcome === 'done') return;
        session = outcome;
        if (session.offset > best) failures = 0;
        best = Math.max(best, session.offset);
        continue;
      } catch (error) {
        if (source.failed) throw source.error;
        if (!isWherryError(error) || error.code === 'CANCELLED') throw error;
        const refusesWhole = isWherryError(error, 'TOO_LARGE') && chunkBytes === undefined;
        if (!refusesWhole && (!isResumable(error) || ++failures >= this.#http.retry.maxAttempts)) throw error;
        // A proxy may also cut the connection instead of saying what is too large for it.
        if (refusesWhole || failures >= FAILURES_BEFORE_CHUNKS)
          chunkBytes ??= Math.max(CHUNK_BYTES, session?.minChunkBytes ?? 0);
        if (!refusesWhole) await this.#http.retry.wait(this.#http.retry.backOff(failures), signal);
      }
      // The answer to the closing PUT may be what was lost.
      if (await hasBlob(this.#http, this.#endpoint, descriptor.digest, 'pull,push', signal)) return;
      session = session === undefined ? undefined : await this.#status(session, signal);
    }
  }

  /** Sends the next piece, or closes the session. */
  async #advance(
    session: Session,
    request: UploadRequest,
    chunkBytes: number | undefined,
  ): Promise<Session | 'done'> {
    const { size, digest } = request.descriptor;
    const { offset } = session;
    if (offset > size)
      throw new WherryError('UPLOAD_UNKNOWN', `blob ${digest}: registry holds ${offset} bytes, want ${size}`);
    if (size - offset > Math.min(SINGLE_REQUEST_BYTES, chunkBytes ?? SINGLE_REQUEST_BYTES))
      return this.#patch(session, request, chunkBytes);
    const response = await this.#send({
      ...this.#piece('PUT', session, request, size, false),
      query: { digest },
    });
    if (response.status !== 201 && response.status !== 204) throw problemError(await readProblem(response));
    await response[Symbol.asyncDispose]();
    request.onProgress?.(size);
    return 'done';
  }

  async #patch(session: Session, request: UploadRequest, chunkBytes: number | undefined): Promise<Session> {
    const { size } = request.descriptor;
    const end = chunkBytes === undefined ? size : Math.min(size, session.offset + chunkBytes);
    // Without a range the registry appends: what Docker sends, so what every registry knows.
    const ranged = chunkBytes !== undefined || session.offset > 0;
    const response = await this.#send(this.#piece('PATCH', session, request, end, ranged));
    if (response.status === 202 || response.status === 204) return this.#sessionOf(response, end, session);
    if (response.status === 416) {
      await response[Symbol.asyncDispose]();
      throw new WherryError('UPLOAD_UNKNOWN', `blob upload: registry refuses bytes from ${session.offset}`);
    }
    throw problemError(await readProblem(response));
  }

  #piece(
    method: 'PATCH' | 'PUT',
    session: Session,
    request: UploadRequest,
    end: number,
    ranged: boolean,
  ): RegistryRequest {
    const { offset, location } = session;
    const range = offset === 0 && end === request.descriptor.size ? undefined : { start: offset, end };
    const body = () => counted(request.read(range), offset, request.onProgress);
    return {
      method,
      target: location,
      headers: {
        'content-type': 'application/octet-stream',
        'content-length': String(end - offset),
        ...(ranged ? { 'content-range': `${offset}-${end - 1}` } : {}),
      },
      ...(end > offset ? { body } : {}),
      scopes: [this.#scope],
      // Sent twice the bytes would be there twice: the session's offset decides what comes next.
      repeatable: false,
      signal: request.signal,
    };
  }

  async #open(signal?: AbortSignal): Promise<Session> {
    const response = await this.#send({
      method: 'POST',
      target: `${this.#endpoint.repository}/blobs/uploads/`,
      headers: { 'content-length': '0' },
      scopes: [this.#scope],
      repeatable: true,
      signal,
    });
    if (response.status !== 202) throw problemError(await readProblem(response));
    return this.#sessionOf(response, 0);
  }

  /** Where a session stands; absent: the registry does not know it any more. */
  async #status(session: Session, signal?: AbortSignal): Promise<Session | undefined> {
    const response = await this.#send({
      method: 'GET',
      target: session.location,
      scopes: [this.#scope],
      repeatable: true,
      signal,
    });
    if (response.status === 204 || response.status === 202) return this.#sessionOf(response, 0, session);
    await response[Symbol.asyncDispose]();
    return undefined;
  }

  /** Gives a session back that is not needed. */
  async #cancel(session: Session, signal?: AbortSignal): Promise<void> {
    const response = await this.#send({
      method: 'DELETE',
      target: session.location,
      scopes: [this.#scope],
      repeatable: false,
      signal,
    });
    await response[Symbol.asyncDispose]();
  }

  async #sessionOf(response: HttpResponse, sentTo: number, before?: Session): Promise<Session> {
    await using open = response;
    const base = before?.location ?? (await this.#http.baseUrl(this.#endpoint));
    const location = URL.parse(open.headers.get('location') ?? before?.location.href ?? '', base.href);
    if (location === null || (location.protocol !== 'https:' && location.protocol !== 'http:'))
      throw new WherryError('REGISTRY_ERROR', `${base.host}: upload without a usable location`);
    // A registry behind a TLS proxy may not know its own scheme; ours is never given up.
    if (base.protocol === 'https:' && location.hostname === base.hostname && location.port === '')
      location.protocol = 'https:';
    const minimum = Number(open.headers.get('oci-chunk-min-length') ?? before?.minChunkBytes ?? 0);
    return {
      location,
      offset: heldBytes(open.headers.get('range')) ?? sentTo,
      minChunkBytes: Number.isSafeInteger(minimum) ? minimum : 0,
    };
  }

  #send(request: RegistryRequest): Promise<HttpResponse> {
    return this.#http.send(this.#endpoint, request);
  }
}

/** Reads `0-<last byte>`. An empty session says `0-0`, and nobody sends a first piece of one byte. */
function heldBytes(range: string | undefined): number | undefined {
  const [, last] = /^(?:bytes=)?0-(\d{1,15})$/.exec(range?.trim() ?? '') ?? [];
  if (last === undefined) return undefined;
  return last === '0' ? 0 : Number(last) + 1;
}

function isResumable(error: WherryError): boolean {
  if (isPassingError(error) || error.code === 'UPLOAD_UNKNOWN') return true;
  const { status } = error.details;
  return typeof status === 'number' && (status >= 500 || status === 408 || status === 416 || status === 429);
}

/** Tells an error of the bytes' own source from one of the registry: no retry mends it. */
class WatchedSource {
  failed = false;
  error: unknown;
  readonly #read: UploadRequest['read'];

  constructor(read: UploadRequest['read']) {
    this.#read = read;
  }

  readonly read = async function* (this: WatchedSource, range?: ByteRange): ByteSource {
    try {
      yield* this.#read(range);
    } catch (error) {
      this.failed = true;
      this.error = error;
      throw error;
    }
  }.bind(this);
}

async function* counted(
  source: ByteSource,
  offset: number,
  onProgress: ((sentBytes: number) => void) | undefined,
): ByteSource {
  let sent = offset;
  for await (const chunk of source) {
    yield chunk;
    sent += chunk.length;
    onProgress?.(sent);
  }
}
