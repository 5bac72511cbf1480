import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Digest } from '../digest.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { type AuthRules, answerToken, authorize } from './memory-registry-auth.ts';

const OCI_INDEX = 'application/vnd.oci.image.index.v1+json';
const OCI_MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

/** What a request is about; `GET blob` in a fault names the method and this. */
export type ResourceKind =
  | 'ping'
  | 'manifest'
  | 'blob'
  | 'uploads'
  | 'upload'
  | 'tags'
  | 'referrers'
  | 'token'
  | 'other';

/** A fault to play instead of, or on top of, the right answer. */
export interface ScriptedFault {
  /** `GET blob`, `PATCH upload`, `* manifest`. */
  readonly on: string;
  /** How many requests it meets; absent: 1. */
  readonly times?: number;
  /** Matching requests that pass first. */
  readonly after?: number;
  /** Answer with this status, `headers` and `body` instead. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Cut the connection after this many bytes of the answer's body, or of the request's for uploads. */
  readonly resetAfterBytes?: number;
  /** End the body in good order after this many bytes, without a Content-Length. */
  readonly shortBodyBytes?: number;
  /** Send this much behind the body, without a Content-Length. */
  readonly extraBytes?: number;
  /** Change the first byte of the body. */
  readonly corrupt?: boolean;
  /** Redirect there, with the request's own path behind it. */
  readonly redirectTo?: string;
  /** Answer a Range request with the whole. */
  readonly ignoreRange?: boolean;
}

/** One request as it was served. */
export interface RequestRecord {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly kind: ResourceKind;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  status: number;
  /** Of the answer's body. */
  bytesSent: number;
  /** Of the request's body. */
  bytesReceived: number;
}

export interface MemoryRegistryOptions {
  readonly faults?: readonly ScriptedFault[];
  readonly auth?: AuthRules;
  /** Tags on one page; absent: all. */
  readonly tagsPerPage?: number;
  /** Has the referrers API: referrers on one page of it. Absent: there is no such API. */
  readonly referrersPerPage?: number;
  /** What a DELETE of a manifest may name; absent: `tags`, and digests too. */
  readonly deletes?: 'tags' | 'digests' | 'nothing';
  /** Answers a mount by opening an upload, as registries may. */
  readonly refusesMounts?: boolean;
  /** Sent with every answer. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Refuse uploads of more than this in one request, with 413. */
  readonly maxRequestBytes?: number;
}

/** A registry over real HTTP on loopback that holds everything in memory. */
export interface MemoryRegistry extends AsyncDisposable {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  readonly requests: readonly RequestRecord[];
  addFault(fault: ScriptedFault): void;
  addBlob(repository: string, bytes: Uint8Array, mediaType?: string): Descriptor;
  addManifest(repository: string, tag: string, document: object | Uint8Array, mediaType?: string): Descriptor;
  blob(digest: string): Uint8Array | undefined;
  hasBlob(repository: string, digest: string): boolean;
  manifest(repository: string, tagOrDigest: string): Uint8Array | undefined;
  /** Sorted. */
  tags(repository: string): string[];
  /** Body bytes of blobs sent so far, by digest. */
  bytesSentOf(digest: string): number;
}

/** Starts a registry on a free port. Close it with `await using`. */
export async function startMemoryRegistry(options: MemoryRegistryOptions = {}): Promise<MemoryRegistry> {
  const registry = new Registry(options);
  await registry.listen();
  return registry;
}

interface ActiveFault {
  readonly fault: ScriptedFault;
  left: number;
  toSkip: number;
}

interface StoredManifest {
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

interface Repository {
  readonly blobs: Set<string>;
  /** By digest. */
  readonly manifests: Map<string, StoredManifest>;
  readonly tags: Map<string, string>;
}

interface Session {
  readonly repository: string;
  readonly chunks: Buffer[];
  size: number;
}

/** One request on its way through the registry. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly kind: ResourceKind;
  readonly repository: string;
  /** Digest, tag or upload. */
  readonly name: string;
  readonly record: RequestRecord;
  readonly fault: ScriptedFault | undefined;
}

class Registry implements MemoryRegistry {
  host = '';
  readonly requests: RequestRecord[] = [];
  readonly #options: MemoryRegistryOptions;
  readonly #server: Server;
  readonly #faults: ActiveFault[] = [];
  readonly #blobs = new Map<string, Uint8Array>();
  readonly #repositories = new Map<string, Repository>();
  readonly #sessions = new Map<string, Session>();

  constructor(options: MemoryRegistryOptions) {
    this.#options = options;
    for (const fault of options.faults ?? []) this.addFault(fault);
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((error: Error) => {
        if (response.headersSent) response.destroy();
        else response.writeHead(500).end(error.message);
      });
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.host = `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  addFault(fault: ScriptedFault): void {
    this.#faults.push({ fault, left: fault.times ?? 1, toSkip: fault.after ?? 0 });
  }

  addBlob(repository: string, bytes: Uint8Array, mediaType = 'application/octet-stream'): Descriptor {
    const digest = sha256(bytes);
    this.#blobs.set(digest, bytes);
    this.#repository(repository).blobs.add(digest);
    return { mediaType, digest, size: bytes.length };
  }

  addManifest(
    repository: string,
    tag: string,
    document: object | Uint8Array,
    mediaType = OCI_MANIFEST,
  ): Descriptor {
    const bytes = document instanceof Uint8Array ? document : Buffer.from(JSON.stringify(document));
    const digest = sha256(bytes);
    const { manifests, tags } = this.#repository(repository);
    manifests.set(digest, { bytes, mediaType });
    if (tag !== '') tags.set(tag, digest);
    return { mediaType, digest, size: bytes.length };
  }

  blob(digest: string): Uint8Array | undefined {
    return this.#blobs.get(digest);
  }

  hasBlob(repository: string, digest: string): boolean {
    return this.#repositories.get(repository)?.blobs.has(digest) ?? false;
  }

  manifest(repository: string, tagOrDigest: string): Uint8Array | undefined {
    const found = this.#repositories.get(repository);
    return found?.manifests.get(found.tags.get(tagOrDigest) ?? tagOrDigest)?.bytes;
  }

  tags(repository: string): string[] {
    return [...(this.#repositories.get(repository)?.tags.keys() ?? [])].sort();
  }

  bytesSentOf(digest: string): number {
    return this.requests
      .filter(({ kind, path }) => kind === 'blob' && path.endsWith(digest))
      .reduce((sum, { bytesSent }) => sum + bytesSent, 0);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const exchange = this.#exchange(request, response);
    const { fault, record, kind, url } = exchange;
    this.requests.push(record);
    response.on('finish', () => {
      record.status = response.statusCode;
    });
    for (const [name, value] of Object.entries(this.#options.headers ?? {})) response.setHeader(name, value);
    if (fault?.redirectTo !== undefined)
      return void response
        .writeHead(307, { location: `${fault.redirectTo}${url.pathname}${url.search}` })
        .end();
    if (fault?.status !== undefined) {
      request.resume();
      return void response.writeHead(fault.status, fault.headers).end(fault.body ?? '');
    }
    if (kind === 'token' && this.#options.auth !== undefined)
      return answerToken(this.#options.auth, request, response, url);
    const rights = kind === 'ping' ? [] : [exchange.repository];
    if (
      this.#options.auth !== undefined &&
      !authorize(this.#options.auth, request, response, rights, this.host)
    )
      return void request.resume();
    return this.#route(exchange);
  }

  async #route(exchange: Exchange): Promise<void> {
    const { request, response, kind } = exchange;
    switch (kind) {
      case 'ping':
        return void this.#send(exchange, Buffer.from('{}'), { 'content-type': 'application/json' });
      case 'manifest':
        if (request.method === 'PUT') return this.#putManifest(exchange);
        return request.method === 'DELETE' ? this.#deleteManifest(exchange) : this.#getManifest(exchange);
      case 'blob':
        return this.#getBlob(exchange);
      case 'tags':
        return this.#listTags(exchange);
      case 'referrers':
        return this.#listReferrers(exchange);
      case 'uploads':
        return this.#startUpload(exchange);
      case 'upload':
        return this.#continueUpload(exchange);
      default:
        response.writeHead(404).end();
    }
  }

  #getManifest(exchange: Exchange): void {
    const { repository, name, request, response } = exchange;
    const found = this.#repositories.get(repository);
    const digest = found?.tags.get(name) ?? name;
    const manifest = found?.manifests.get(digest);
    if (manifest === undefined)
      return void refuse(response, 404, 'MANIFEST_UNKNOWN', 'manifest unknown', request.method === 'HEAD');
    this.#send(exchange, Buffer.from(manifest.bytes), {
      'content-type': manifest.mediaType,
      'docker-content-digest': digest,
    });
  }

  async #putManifest(exchange: Exchange): Promise<void> {
    const { repository, name, request, response } = exchange;
    const bytes = await this.#receive(exchange);
    if (bytes === undefined) return;
    const tag = name.startsWith('sha256:') ? '' : name;
    const { digest } = this.addManifest(repository, tag, bytes, request.headers['content-type']);
    const subject = subjectOf(bytes);
    response.writeHead(201, {
      location: `/v2/${repository}/manifests/${digest}`,
      'docker-content-digest': digest,
      ...(subject !== undefined && this.#hasReferrers ? { 'oci-subject': subject } : {}),
    });
    response.end();
  }

  #deleteManifest({ repository, name, response }: Exchange): void {
    const { deletes = 'tags' } = this.#options;
    const isDigest = name.startsWith('sha256:');
    if (deletes === 'nothing' || (deletes === 'digests' && !isDigest))
      return void refuse(response, 405, 'UNSUPPORTED', 'The operation is unsupported.');
    const { manifests, tags } = this.#repository(repository);
    if (!(isDigest ? manifests.delete(name) : tags.delete(name)))
      return void refuse(response, 404, 'MANIFEST_UNKNOWN', 'manifest unknown');
    for (const [tag, digest] of tags) if (digest === name) tags.delete(tag);
    response.writeHead(202).end();
  }

  get #hasReferrers(): boolean {
    return this.#options.referrersPerPage !== undefined;
  }

  #listReferrers(exchange: Exchange): void {
    const { repository, name, response, url } = exchange;
    const size = this.#options.referrersPerPage;
    if (size === undefined) return void response.writeHead(404).end('404 page not found');
    const all = [...this.#repository(repository).manifests].filter(
      ([, { bytes }]) => subjectOf(bytes) === name,
    );
    const at = Number(url.searchParams.get('at') ?? 0);
    const manifests = all.slice(at, at + size).map(([digest, { bytes, mediaType }]) => {
      const { artifactType, config, annotations } = JSON.parse(Buffer.from(bytes).toString());
      const type = artifactType ?? config?.mediaType;
      return { mediaType, digest, size: bytes.length, artifactType: type, annotations };
    });
    const index = { schemaVersion: 2, mediaType: OCI_INDEX, manifests };
    const link = `</v2/${repository}/referrers/${name}?at=${at + size}>; rel="next"`;
    this.#send(exchange, Buffer.from(JSON.stringify(index)), {
      'content-type': OCI_INDEX,
      ...(all.length > at + size ? { link } : {}),
    });
  }

  #getBlob(exchange: Exchange): void {
    const { repository, name, request, response, fault } = exchange;
    const bytes = this.#blobs.get(name);
    if (bytes === undefined || !this.hasBlob(repository, name))
      return void refuse(
        response,
        404,
        'BLOB_UNKNOWN',
        'blob unknown to registry',
        request.method === 'HEAD',
      );
    const headers = { 'content-type': 'application/octet-stream', 'docker-content-digest': name };
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? [];
    if (first === undefined || fault?.ignoreRange === true)
      return void this.#send(exchange, Buffer.from(bytes), headers);
    const start = Number(first);
    const end = last === '' || last === undefined ? bytes.length : Math.min(bytes.length, Number(last) + 1);
    if (start >= bytes.length) return void response.writeHead(416).end();
    const contentRange = `bytes ${start}-${end - 1}/${bytes.length}`;
    this.#send(
      exchange,
      Buffer.from(bytes.subarray(start, end)),
      { ...headers, 'content-range': contentRange },
      206,
    );
  }

  #listTags(exchange: Exchange): void {
    const { repository, response, url } = exchange;
    const found = this.#repositories.get(repository);
    if (found === undefined)
      return void refuse(response, 404, 'NAME_UNKNOWN', 'repository name not known to registry');
    const last = url.searchParams.get('last') ?? '';
    const size = this.#options.tagsPerPage ?? Number.POSITIVE_INFINITY;
    const rest = [...found.tags.keys()].sort().filter((tag) => tag > last);
    const tags = rest.slice(0, size);
    const more = rest.length > tags.length;
    const link = `</v2/${repository}/tags/list?last=${tags.at(-1)}&n=${size}>; rel="next"`;
    this.#send(exchange, Buffer.from(JSON.stringify({ name: repository, tags })), {
      'content-type': 'application/json',
      ...(more ? { link } : {}),
    });
  }

  #startUpload(exchange: Exchange): void {
    const { repository, response, url, request } = exchange;
    request.resume();
    const mount = url.searchParams.get('mount') ?? '';
    const from = url.searchParams.get('from') ?? '';
    if (mount !== '' && this.#options.refusesMounts !== true && this.hasBlob(from, mount)) {
      this.#repository(repository).blobs.add(mount);
      return void response.writeHead(201, { location: `/v2/${repository}/blobs/${mount}` }).end();
    }
    const id = randomUUID();
    this.#sessions.set(id, { repository, chunks: [], size: 0 });
    response
      .writeHead(202, { location: `/v2/${repository}/blobs/uploads/${id}?state=0%2B0`, range: '0-0' })
      .end();
  }

  async #continueUpload(exchange: Exchange): Promise<void> {
    const { name, response, request, url, repository, record } = exchange;
    const session = this.#sessions.get(name);
    if (session === undefined)
      return void refuse(response, 404, 'BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry');
    if (url.searchParams.get('state') !== '0+0')
      return void refuse(response, 400, 'BLOB_UPLOAD_INVALID', 'the query of the location was lost');
    const where = () => ({
      location: `/v2/${repository}/blobs/uploads/${name}?state=0%2B0`,
      range: `0-${Math.max(0, session.size - 1)}`,
    });
    if (request.method === 'DELETE') {
      this.#sessions.delete(name);
      return void response.writeHead(204).end();
    }
    if (request.method === 'GET') return void response.writeHead(204, where()).end();
    if (
      Number(request.headers['content-length'] ?? 0) >
      (this.#options.maxRequestBytes ?? Number.POSITIVE_INFINITY)
    ) {
      response.writeHead(413, { connection: 'close' }).end();
      return void request.resume();
    }
    const first = /^(\d+)-\d+$/.exec(request.headers['content-range'] ?? '')?.[1];
    if (first !== undefined && Number(first) !== session.size) {
      request.resume();
      return void response.writeHead(416, where()).end();
    }
    const body = await this.#receive(exchange, session);
    if (body === undefined) return;
    if (request.method === 'PATCH') return void response.writeHead(202, where()).end();
    this.#sessions.delete(name);
    const bytes = Buffer.concat(session.chunks);
    const digest = sha256(bytes);
    if (digest !== url.searchParams.get('digest'))
      return void refuse(response, 400, 'DIGEST_INVALID', 'provided digest did not match uploaded content');
    this.addBlob(repository, bytes);
    record.bytesReceived = body.length;
    response.writeHead(201, { location: `/v2/${repository}/blobs/${digest}` }).end();
  }

  /** Reads the request's body, into the session as it comes; `undefined` when a fault cut it off. */
  async #receive({ request, fault, record }: Exchange, session?: Session): Promise<Buffer | undefined> {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of request as AsyncIterable<Buffer>) {
      const wanted = chunk.subarray(0, (fault?.resetAfterBytes ?? Number.POSITIVE_INFINITY) - size);
      size += wanted.length;
      record.bytesReceived = size;
      if (session === undefined) chunks.push(wanted);
      else {
        session.chunks.push(wanted);
        session.size += wanted.length;
      }
      if (size === fault?.resetAfterBytes) {
        request.socket.destroy();
        return undefined;
      }
    }
    if (fault?.resetAfterBytes !== undefined) {
      request.socket.destroy();
      return undefined;
    }
    return session === undefined ? Buffer.concat(chunks) : Buffer.alloc(size);
  }

  #send(exchange: Exchange, whole: Buffer, headers: Record<string, string>, status = 200): void {
    const { request, response, fault, record } = exchange;
    if (request.method === 'HEAD')
      return void response.writeHead(status, { ...headers, 'content-length': whole.length }).end();
    const body = fault?.corrupt === true ? corrupted(whole) : whole;
    if (fault?.resetAfterBytes !== undefined) {
      const sent = body.subarray(0, fault.resetAfterBytes);
      response.writeHead(status, { ...headers, 'content-length': body.length });
      response.write(sent, () => setTimeout(() => response.destroy(), 5));
      record.bytesSent = sent.length;
      return;
    }
    const short = fault?.shortBodyBytes;
    const extra = fault?.extraBytes;
    const sent = short === undefined ? body : body.subarray(0, short);
    const all = extra === undefined ? sent : Buffer.concat([sent, Buffer.alloc(extra, 0x78)]);
    const known = short === undefined && extra === undefined;
    response.writeHead(status, { ...headers, ...(known ? { 'content-length': all.length } : {}) });
    response.end(all);
    record.bytesSent = all.length;
  }

  #exchange(request: IncomingMessage, response: ServerResponse): Exchange {
    const url = new URL(request.url ?? '/', `http://${request.headers.host}`);
    const [kind, repository, name] = resourceOf(url.pathname);
    const fault = this.#faultFor(`${request.method} ${kind}`, `* ${kind}`);
    const record: RequestRecord = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.search,
      kind,
      headers: request.headers,
      status: 0,
      bytesSent: 0,
      bytesReceived: 0,
    };
    return { request, response, url, kind, repository, name, record, fault };
  }

  #faultFor(...keys: string[]): ScriptedFault | undefined {
    const match = this.#faults.find(({ fault, left }) => left > 0 && keys.includes(fault.on));
    if (match === undefined) return undefined;
    if (match.toSkip > 0) {
      match.toSkip--;
      return undefined;
    }
    match.left--;
    return match.fault;
  }

  #repository(name: string): Repository {
    let found = this.#repositories.get(name);
    if (found === undefined) {
      found = { blobs: new Set(), manifests: new Map(), tags: new Map() };
      this.#repositories.set(name, found);
    }
    return found;
  }
}

function resourceOf(path: string): [kind: ResourceKind, repository: string, name: string] {
  if (path === '/v2/') return ['ping', '', ''];
  if (path === '/token') return ['token', '', ''];
  const patterns: [ResourceKind, RegExp][] = [
    ['manifest', /^\/v2\/(.+)\/manifests\/([^/]+)$/],
    ['uploads', /^\/v2\/(.+)\/blobs\/uploads\/()$/],
    ['upload', /^\/v2\/(.+)\/blobs\/uploads\/([^/]+)$/],
    ['blob', /^\/v2\/(.+)\/blobs\/([^/]+)$/],
    ['tags', /^\/v2\/(.+)\/tags\/list()$/],
    ['referrers', /^\/v2\/(.+)\/referrers\/([^/]+)$/],
  ];
  for (const [kind, pattern] of patterns) {
    const match = pattern.exec(path);
    if (match !== null) return [kind, match[1] ?? '', match[2] ?? ''];
  }
  return ['other', '', ''];
}

/** Answers with one entry of the protocol's error document. */
function refuse(response: ServerResponse, status: number, code: string, message: string, bare = false): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(bare ? undefined : JSON.stringify({ errors: [{ code, message }] }));
}

/** The digest of a manifest's subject. */
function subjectOf(bytes: Uint8Array): string | undefined {
  const text = Buffer.from(bytes).toString();
  return text.includes('"subject"') ? JSON.parse(text).subject?.digest : undefined;
}

function corrupted(bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes);
  changed[0] = (changed[0] ?? 0) ^ 0xff;
  return changed;
}

function sha256(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}
