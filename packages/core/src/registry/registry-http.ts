import type { ByteSource } from '../bytes/byte-source.ts';
import type { Clock } from '../clock.ts';
import type { CredentialStore } from '../config/credentials.ts';
import { isWherryError, throwIfCancelled, WherryError } from '../errors.ts';
import { Authorizer } from './auth.ts';
import { parseWarnings } from './challenge.ts';
import type { RegistryEndpoint } from './endpoints.ts';
import { RateLimits } from './rate-limits.ts';
import { sendFollowing } from './redirects.ts';
import { RetryPolicy } from './retry.ts';
import { SchemeFinder } from './schemes.ts';
import type { HttpRequest, HttpResponse, Transport } from './transport.ts';
import { shownRequest } from './urls.ts';

const MAX_REMEMBERED_WARNINGS = 1000;

export interface RegistryHttpOptions {
  readonly transport: Transport;
  readonly credentials: Pick<CredentialStore, 'get'>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly userAgent: string;
  /** Sent to registries, not to where they redirect. */
  readonly headers: Readonly<Record<string, string>>;
  readonly onWarning?: (message: string) => void;
  /** As `RetryOptions` has them. */
  readonly maxAttempts?: number;
  readonly waitsForLimits?: boolean;
}

/** One request to an endpoint. */
export interface RegistryRequest {
  readonly method: string;
  /** Below `/v2/`; from the root, when it begins with a slash; or an upload's URL. */
  readonly target: string | URL;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: () => ByteSource;
  /** Token rights. */
  readonly scopes: readonly string[];
  /** Sends a password at once: the v1 protocol asks for none, and has more to tell to who gives one. */
  readonly basicUnasked?: boolean;
  /** False: sent once, whatever becomes of it. */
  readonly repeatable: boolean;
  /** The method that errors of authentication are told with; absent: without one, as Docker does for pushes. */
  readonly toldAs?: 'GET' | 'HEAD';
  readonly signal?: AbortSignal | undefined;
}

/** The one place for schemes, authentication, redirects, retries, warnings and rate limits. */
export class RegistryHttp {
  readonly rateLimits = new RateLimits();
  readonly retry: RetryPolicy;
  readonly #mirrorRetry: RetryPolicy;
  readonly authorizer: Authorizer;
  readonly #options: RegistryHttpOptions;
  readonly #schemes: SchemeFinder;
  readonly #reached = new Set<string>();
  readonly #warnings = new Set<string>();

  constructor(options: RegistryHttpOptions) {
    this.#options = options;
    this.retry = new RetryPolicy(options);
    this.#mirrorRetry = this.retry.forMirror();
    this.authorizer = new Authorizer({
      credentials: options.credentials,
      clock: options.clock,
      send: (request, signal) => this.#repeated((send) => send(request), this.retry, signal),
    });
    this.#schemes = new SchemeFinder(async (base) => {
      const ping = { method: 'GET', url: new URL('/v2/', base), headers: this.#options.headers };
      const response = await this.#exchange(ping, undefined);
      this.authorizer.remember(base, response.headers.get('www-authenticate'));
      return response;
    });
  }

  /** Scheme, host and port of an endpoint; asks an insecure one for its scheme at first use. */
  baseUrl(endpoint: RegistryEndpoint, signal?: AbortSignal): Promise<URL> {
    return this.#schemes.baseUrl(endpoint, signal);
  }

  /** The same as far as it is known without asking. */
  knownUrl(endpoint: RegistryEndpoint): URL {
    return this.#schemes.known(endpoint) ?? endpoint.url;
  }

  /** Sends; every status that retries, redirects and credentials do not settle is the caller's. */
  send(endpoint: RegistryEndpoint, request: RegistryRequest): Promise<HttpResponse> {
    return this.#repeated(
      async (send) => {
        const base = await this.baseUrl(endpoint, request.signal);
        return this.#authorized(endpoint, base, request, send);
      },
      request.repeatable ? this.#retryFor(endpoint) : undefined,
      request.signal,
    );
  }

  /** Attempts in a row without a byte; a source that is no registry is asked like an origin. */
  attemptsAt(endpoint: RegistryEndpoint | undefined): number {
    return (endpoint === undefined ? this.retry : this.#retryFor(endpoint)).maxAttempts;
  }

  /** How patient to be with an endpoint. */
  #retryFor({ role }: RegistryEndpoint): RetryPolicy {
    return role === 'mirror' ? this.#mirrorRetry : this.retry;
  }

  /** Sends one request without credentials, with redirects and retries, to a host that is no registry. */
  sendPlain(request: HttpRequest, signal?: AbortSignal): Promise<HttpResponse> {
    return this.#repeated((send) => send(request), this.retry, signal);
  }

  async #authorized(
    endpoint: RegistryEndpoint,
    base: URL,
    request: RegistryRequest,
    send: (request: HttpRequest) => Promise<HttpResponse>,
  ): Promise<HttpResponse> {
    const url = requestUrl(endpoint, base, request);
    const ours = url.origin === base.origin;
    const target = { origin: base, domain: endpoint.domain, path: endpoint.repository };
    const headers = { ...(ours ? this.#options.headers : {}), ...request.headers };
    const exchange = (authorization: string | undefined) =>
      send({
        method: request.method,
        url,
        headers: authorization === undefined ? headers : { ...headers, authorization },
        ...(request.body === undefined ? {} : { body: request.body }),
      });
    if (!ours) return exchange(undefined);
    try {
      const known = await this.authorizer.header(target, request.scopes, request.signal);
      const used = known ?? (request.basicUnasked ? await this.authorizer.basic(target) : undefined);
      const response = await exchange(used);
      this.#note(endpoint, response);
      if (response.status !== 401) return response;
      const challenge = response.headers.get('www-authenticate');
      const next = await this.authorizer.retryHeader(target, request.scopes, challenge, used, request.signal);
      if (next === undefined) return response;
      await response[Symbol.asyncDispose]();
      const second = await exchange(next);
      this.#note(endpoint, second);
      return second;
    } catch (error) {
      if (request.toldAs === undefined || !isWherryError(error, 'UNAUTHORIZED', 'DENIED')) throw error;
      throw retold(error, shownRequest(request.toldAs, url));
    }
  }

  async #repeated(
    attempt: (send: (request: HttpRequest) => Promise<HttpResponse>) => Promise<HttpResponse>,
    policy: RetryPolicy | undefined,
    signal: AbortSignal | undefined,
  ): Promise<HttpResponse> {
    for (let count = 1; ; count++) {
      let waitMs: number | undefined;
      try {
        const response = await attempt((request) => this.#exchange(request, signal));
        waitMs = policy?.afterResponse(response, count);
        if (waitMs === undefined) return response;
        await response[Symbol.asyncDispose]();
      } catch (error) {
        waitMs = policy?.afterError(error, count);
        if (waitMs === undefined) throw error;
      }
      await this.retry.wait(waitMs, signal);
    }
  }

  /** Sends over the transport; says in Docker's words which request did not get through. */
  async #exchange(request: HttpRequest, signal: AbortSignal | undefined): Promise<HttpResponse> {
    throwIfCancelled(signal);
    const headers = { 'user-agent': this.#options.userAgent, ...request.headers };
    try {
      const response = await sendFollowing(this.#options.transport, { ...request, headers }, signal);
      this.#reached.add(request.url.origin);
      return response;
    } catch (error) {
      if (!isWherryError(error, 'UNREACHABLE', 'TLS_FAILED')) throw error;
      // Docker pings first, so it is the ping that fails; we save the round trip and keep the words.
      const pinged = request.url.pathname.startsWith('/v2/') && !this.#reached.has(request.url.origin);
      const told = pinged
        ? shownRequest('GET', new URL('/v2/', request.url))
        : shownRequest(request.method, request.url);
      throw retold(error, told);
    }
  }

  #note(endpoint: RegistryEndpoint, response: HttpResponse): void {
    this.rateLimits.note(endpoint.domain, response.headers);
    const header = response.headers.get('warning');
    if (header === undefined || this.#options.onWarning === undefined) return;
    for (const text of parseWarnings(header)) {
      const key = `${endpoint.domain} ${text}`;
      if (this.#warnings.has(key) || this.#warnings.size >= MAX_REMEMBERED_WARNINGS) continue;
      this.#warnings.add(key);
      this.#options.onWarning(`${endpoint.domain}: ${text}`);
    }
  }
}

function requestUrl(endpoint: RegistryEndpoint, base: URL, request: RegistryRequest): URL {
  const { target } = request;
  const path = typeof target !== 'string' || target.startsWith('/') ? target : `/v2/${target}`;
  const url = new URL(path, base);
  const query = Object.entries(request.query ?? {});
  if (endpoint.namespace !== undefined) query.push(['ns', endpoint.namespace]);
  if (query.length === 0) return url;
  const extra = query.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  const whole = new URL(url);
  // Appended as text: a location's own query is opaque, and URLSearchParams would encode it anew.
  whole.search = `${whole.search === '' ? '?' : `${whole.search}&`}${extra.join('&')}`;
  return whole;
}

function retold(error: WherryError, request: string): WherryError {
  return new WherryError(error.code, `${request}: ${error.message}`, {
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    details: error.details,
    cause: error,
  });
}
