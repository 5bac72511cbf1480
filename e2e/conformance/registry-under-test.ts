import { createHash, randomBytes } from 'node:crypto';
import { Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';

export const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
export const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';
export const ABSENT = `sha256:${'0'.repeat(64)}`;
const ACCEPT = [MANIFEST_TYPE, INDEX_TYPE, '*/*'].join(', ');

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** The first error code of the body; absent: it has none. */
  readonly code: string | undefined;
  json(): Record<string, unknown>;
}

export interface Content {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

export interface PushedManifest extends Content {
  readonly bytes: Buffer;
  readonly answer: Answer;
}

type Body = Buffer | string;

/** One registry, spoken to byte for byte: paths go out as they are, nothing is followed or repeated. */
export class RegistryUnderTest implements Disposable {
  readonly address: string;
  readonly #agent = new Agent({ keepAlive: true });
  #count = 0;

  constructor(address: string) {
    this.address = address;
  }

  /** A repository that nothing was pushed to. */
  repository(): string {
    return `conformance/r${++this.#count}-${randomBytes(4).toString('hex')}`;
  }

  send(method: string, path: string, headers: OutgoingHttpHeaders = {}, body?: Body): Promise<Answer> {
    const [host, port] = this.address.split(':');
    return new Promise((resolve, reject) => {
      const options = { host, port, method, path: pathOf(path), agent: this.#agent };
      const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
      const chunked = headers['transfer-encoding'] !== undefined;
      const sent = { accept: ACCEPT, ...(chunked ? {} : length), ...headers };
      const outgoing = request({ ...options, headers: sent }, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () =>
          resolve(answerOf(incoming.statusCode ?? 0, incoming.headers, Buffer.concat(chunks))),
        );
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  /** Begins an upload and gives its location. */
  async beginUpload(repository: string, query = ''): Promise<string> {
    const answer = await this.send('POST', `/v2/${repository}/blobs/uploads/${query}`);
    if (answer.status !== 202) throw new Error(`begin upload: ${answer.status} ${answer.body}`);
    return String(answer.headers.location);
  }

  async putBlob(
    repository: string,
    bytes: Body = randomBytes(100),
    algorithm: 'sha256' | 'sha512' = 'sha256',
  ): Promise<Content> {
    const digest = digestOf(bytes, algorithm);
    const location = await this.beginUpload(repository);
    const headers = { 'content-type': 'application/octet-stream' };
    const answer = await this.send('PUT', withDigest(location, digest), headers, bytes);
    if (answer.status !== 201) throw new Error(`put blob: ${answer.status} ${answer.body}`);
    return { mediaType: 'application/octet-stream', digest, size: Buffer.byteLength(bytes) };
  }

  /** Pushes a manifest of a fresh config, by tag, or by digest when there is none. */
  async putManifest(
    repository: string,
    tag?: string,
    { fields = {}, query = '' }: { readonly fields?: object; readonly query?: string } = {},
  ): Promise<PushedManifest> {
    const config = await this.putBlob(repository, '{}');
    const mediaType = (fields as { mediaType?: string }).mediaType ?? MANIFEST_TYPE;
    const base = mediaType === INDEX_TYPE ? { manifests: [] } : { config, layers: [config] };
    const unique = { annotations: { unique: randomBytes(8).toString('hex') } };
    const document = { schemaVersion: 2, mediaType, ...base, ...unique, ...fields };
    const bytes = Buffer.from(`${JSON.stringify(document, null, 1)}\n`);
    const digest = digestOf(bytes);
    const path = `/v2/${repository}/manifests/${tag ?? digest}${query}`;
    const answer = await this.send('PUT', path, { 'content-type': mediaType }, bytes);
    if (answer.status !== 201) throw new Error(`put manifest: ${answer.status} ${answer.body}`);
    return { mediaType, digest, size: bytes.length, bytes, answer };
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

export function digestOf(bytes: Body, algorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

/** Upload locations are opaque, and may have a query. OCI distribution-spec v1.1, "POST then PUT". */
export function withDigest(location: string, digest: string): string {
  return `${location}${location.includes('?') ? '&' : '?'}digest=${encodeURIComponent(digest)}`;
}

function pathOf(location: string): string {
  return location.replace(/^https?:\/\/[^/]+/, '');
}

function answerOf(status: number, headers: IncomingHttpHeaders, body: Buffer): Answer {
  const json = () => JSON.parse(body.toString()) as Record<string, unknown>;
  let code: string | undefined;
  try {
    code = (json().errors as { code?: string }[] | undefined)?.[0]?.code;
  } catch {
    // Not every answer is JSON.
  }
  return { status, headers, body, code, json };
}
