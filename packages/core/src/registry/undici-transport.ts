import type { LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';
import { createSecureContext, getCACertificates, type SecureContext, connect as tlsConnect } from 'node:tls';
import type { buildConnector, Dispatcher, Pool } from 'undici';
import type { ByteSource } from '../bytes/byte-source.ts';
import { flowingChunks } from '../bytes/flowing.ts';
import { isWherryError, throwIfCancelled, WherryError } from '../errors.ts';
import { connectThroughSocks } from './socks.ts';
import type { HttpRequest, HttpResponse, Transport, TrustSettings } from './transport.ts';
import { type CertificateNames, isCertificateFault, toTransportError } from './transport-errors.ts';
import { wideReadConnector } from './wide-read-connector.ts';

const CONNECT_TIMEOUT_MS = 15_000;
const IDLE_TIMEOUT_MS = 60_000;
/** Largest rest of a body that is read for the sake of keeping the connection. */
const MAX_DRAIN_BYTES = 64 * 1024;
const MAX_HEADER_BYTES = 16 * 1024;
const BODY_BUFFER_BYTES = 64 * 1024;
const CERTIFICATE_LOOKUP_TIMEOUT_MS = 5_000;

type Undici = typeof import('undici');

interface TlsOptions {
  readonly secureContext?: SecureContext;
  readonly rejectUnauthorized?: boolean;
}

export interface UndiciTransportOptions {
  /** The proxy for a URL (`http:`, `https:` or `socks5:`); absent: direct. */
  readonly proxyFor?: (url: URL) => URL | undefined;
  /** Asked once for each https origin; absent: the system's certificates decide. */
  readonly trustFor?: (url: URL) => Promise<TrustSettings>;
  /** Finds the addresses of names, where no proxy does; absent: the system. */
  readonly lookup?: LookupFunction;
  /** Connections to one origin at a time. */
  readonly maxConnections?: number;
}

/**
 * Transport over undici's pools: one per origin, HTTP/1.1. HTTP/2 stays off: its flow control windows make
 * one large blob slower, and parallel blobs share one connection's loss recovery.
 */
export class UndiciTransport implements Transport, AsyncDisposable {
  readonly #options: UndiciTransportOptions;
  readonly #dispatchers = new Map<string, Promise<Dispatcher>>();
  #closed = false;

  constructor(options: UndiciTransportOptions = {}) {
    this.#options = options;
  }

  async send(request: HttpRequest, signal?: AbortSignal): Promise<HttpResponse> {
    throwIfCancelled(signal);
    if (this.#closed) throw new Error('transport is closed');
    const { url } = request;
    if (url.protocol !== 'http:' && url.protocol !== 'https:')
      throw new WherryError('UNREACHABLE', `unsupported protocol scheme "${url.protocol.slice(0, -1)}"`);
    const dispatcher = await this.#dispatcher(url);
    try {
      const response = await dispatcher.request({
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method: request.method as Dispatcher.HttpMethod,
        headers: { ...request.headers },
        // undici takes any async iterable; its types name Node's streams only.
        body: (request.body?.() ?? null) as Readable | null,
        signal: signal ?? null,
        highWaterMark: BODY_BUFFER_BYTES,
      });
      return new UndiciResponse(response, url, signal);
    } catch (error) {
      throw await this.#explain(error, url, signal);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    const open = await Promise.allSettled(this.#dispatchers.values());
    this.#dispatchers.clear();
    await Promise.all(open.map((one) => (one.status === 'fulfilled' ? one.value.destroy() : undefined)));
  }

  async #dispatcher(url: URL): Promise<Dispatcher> {
    const known = this.#dispatchers.get(url.origin);
    if (known !== undefined) return known;
    const opened = this.#open(url);
    this.#dispatchers.set(url.origin, opened);
    try {
      return await opened;
    } catch (error) {
      this.#dispatchers.delete(url.origin);
      throw error;
    }
  }

  async #open(url: URL): Promise<Dispatcher> {
    const tls = url.protocol === 'https:' ? await this.#tlsOptions(url) : {};
    const options = {
      connections: this.#options.maxConnections ?? 16,
      allowH2: false,
      headersTimeout: IDLE_TIMEOUT_MS,
      bodyTimeout: IDLE_TIMEOUT_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      keepAliveTimeout: 30_000,
    };
    const connect = { ...tls, timeout: CONNECT_TIMEOUT_MS };
    const proxy = this.#options.proxyFor?.(url);
    if (proxy !== undefined) return openThroughProxy(url, proxy, options, connect);
    const { lookup } = this.#options;
    const overTls = { ...connect, ...(lookup && { lookup }) };
    const direct = url.protocol === 'http:' ? wideReadConnector(CONNECT_TIMEOUT_MS, lookup) : overTls;
    return openPool(url.origin, { ...options, connect: direct });
  }

  async #tlsOptions(url: URL): Promise<TlsOptions> {
    const trust = (await this.#options.trustFor?.(url)) ?? { verify: true, ca: [] };
    // One context for all connections of the origin: parsing the CA bundle costs several milliseconds.
    const secureContext = createSecureContext({
      ...(trust.verify ? { ca: [...authorities(), ...trust.ca] } : {}),
      ...(trust.identity ?? {}),
    });
    return { secureContext, rejectUnauthorized: trust.verify };
  }

  async #explain(error: unknown, url: URL, signal: AbortSignal | undefined): Promise<WherryError> {
    if (isWherryError(error) || signal?.aborted || !isCertificateFault(error))
      return toTransportError(error, url, signal);
    const names = this.#options.proxyFor?.(url) === undefined ? await certificateNames(url) : undefined;
    return toTransportError(error, url, signal, names);
  }
}

class UndiciResponse implements HttpResponse {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: ByteSource;
  readonly #stream: Dispatcher.ResponseData['body'];

  constructor(response: Dispatcher.ResponseData, url: URL, signal: AbortSignal | undefined) {
    this.status = response.statusCode;
    const headers = new Map<string, string>();
    for (const [name, value] of Object.entries(response.headers)) {
      if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
    }
    this.headers = headers;
    this.#stream = response.body;
    this.body = chunksOf(response.body, url, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const stream = this.#stream;
    if (stream.closed || stream.readableEnded) return;
    stream.on('error', () => {});
    const length = Number(this.headers.get('content-length') ?? 0);
    if (length > MAX_DRAIN_BYTES || stream.readableDidRead) stream.destroy();
    else await stream.dump({ limit: MAX_DRAIN_BYTES });
  }
}

async function* chunksOf(body: Readable, url: URL, signal: AbortSignal | undefined): ByteSource {
  try {
    yield* flowingChunks(body);
  } catch (error) {
    throw toTransportError(error, url, signal);
  }
}

let knownAuthorities: readonly string[] | undefined;

/** Node's own authorities and the system's, read once: it takes tens of milliseconds. */
function authorities(): readonly string[] {
  knownAuthorities ??= [...new Set([...getCACertificates('default'), ...getCACertificates('system')])];
  return knownAuthorities;
}

/**
 * The parts of undici that a direct connection needs. All of it takes 65 ms of CPU time to load, these take
 * 20, and a pull of a small image does little else.
 */
async function openPool(origin: string, options: Pool.Options): Promise<Dispatcher> {
  const [{ default: DirectPool }, { default: request }] = await Promise.all([
    import('undici/lib/dispatcher/pool.js'),
    import('undici/lib/api/api-request.js'),
  ]);
  // undici's own index puts the request functions on all dispatchers; nobody loaded it.
  return Object.assign(new DirectPool(origin, options), { request });
}

async function openThroughProxy(
  url: URL,
  proxy: URL,
  options: Omit<Pool.Options, 'connect'>,
  connect: TlsOptions & { timeout: number },
): Promise<Dispatcher> {
  const undici = await import('undici');
  if (proxy.protocol.startsWith('socks'))
    return new undici.Pool(url.origin, { ...options, connect: socksConnector(undici, proxy, connect) });
  const proxyTls = { timeout: CONNECT_TIMEOUT_MS };
  return new undici.ProxyAgent({ ...options, uri: proxy.href, requestTls: connect, proxyTls });
}

function socksConnector(
  undici: Undici,
  proxy: URL,
  tls: TlsOptions & { timeout: number },
): buildConnector.connector {
  const upgrade = undici.buildConnector({ ...tls, allowH2: false });
  return (options, callback) => {
    const port = Number(options.port || (options.protocol === 'https:' ? 443 : 80));
    connectThroughSocks(proxy, options.hostname, port, tls.timeout).then(
      (socket) => {
        if (options.protocol === 'https:') upgrade({ ...options, httpSocket: socket }, callback);
        else callback(null, socket);
      },
      (error: Error) => callback(error, null),
    );
  };
}

/** Looks at the certificate that was rejected, on a connection of its own that carries no request. */
function certificateNames(url: URL): Promise<CertificateNames | undefined> {
  return new Promise((resolve) => {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const socket = tlsConnect({
      host,
      port: Number(url.port || 443),
      rejectUnauthorized: false,
      ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
    });
    const finish = (names?: CertificateNames) => {
      socket.destroy();
      resolve(names);
    };
    socket.setTimeout(CERTIFICATE_LOOKUP_TIMEOUT_MS, () => finish());
    socket.on('error', () => finish());
    socket.on('secureConnect', () => {
      const { subject, issuer } = socket.getPeerCertificate();
      finish({ subject: nameOf(subject), issuer: nameOf(issuer) });
    });
  });
}

function nameOf(name: { CN?: unknown; O?: unknown } | undefined): string {
  return String(name?.CN ?? name?.O ?? 'unnamed');
}
