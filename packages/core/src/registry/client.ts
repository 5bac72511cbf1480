import { type Clock, systemClock } from '../clock.ts';
import type { CredentialStore } from '../config/credentials.ts';
import { isWherryError, throwIfCancelled, WherryError } from '../errors.ts';
import type { Reference } from '../reference.ts';
import { blobSize, hasBlob, readBlob } from './blobs.ts';
import {
  type EndpointRules,
  pullEndpoints,
  pushEndpoint,
  type RegistryEndpoint,
  searchEndpoints,
} from './endpoints.ts';
import { firstOf, MirrorHealth } from './fail-over.ts';
import { login } from './login.ts';
import { deleteManifest, fetchManifest, headManifest, pushManifest } from './manifests.ts';
import { listReferrers, pushReferrer } from './referrers.ts';
import type { PutBlobOptions, PutBlobOutcome, RegistryClient } from './registry-client.ts';
import { RegistryHttp } from './registry-http.ts';
import { search } from './search.ts';
import { listTags } from './tags.ts';
import type { Transport } from './transport.ts';
import { Uploader } from './upload.ts';

const DOCKER_HUB = 'docker.io';
/** Made by Docker to be asked for limits: a HEAD of it counts for nothing. */
const RATE_LIMIT_PREVIEW: Reference = { domain: DOCKER_HUB, path: 'ratelimitpreview/test', tag: 'latest' };

export interface RegistryClientOptions {
  /** Closed with the client. */
  readonly transport: Transport & Partial<AsyncDisposable>;
  /** What `loadRegistryConfig` read. */
  readonly config: EndpointRules & {
    readonly credentials: Pick<CredentialStore, 'get'>;
    /** Sent with every request to a registry. */
    readonly headers?: Readonly<Record<string, string>>;
  };
  readonly userAgent?: string;
  readonly clock?: Clock;
  /** 0 to 1, spreads retries. */
  readonly random?: () => number;
  /** How often a request is tried, and whether a rate limit is waited for; absent: five times, and yes. */
  readonly retry?: { readonly maxAttempts: number; readonly waitsForLimits: boolean };
  /** A registry's `Warning: 299`, each text once. */
  readonly onWarning?: (message: string) => void;
}

/** Makes the client that speaks to any registry through one transport. */
export function createRegistryClient(options: RegistryClientOptions): RegistryClient {
  const { config, transport } = options;
  const clock = options.clock ?? systemClock;
  const http = new RegistryHttp({
    transport,
    credentials: config.credentials,
    clock,
    random: options.random ?? Math.random,
    userAgent: options.userAgent ?? 'wherry',
    headers: config.headers ?? {},
    ...options.retry,
    ...(options.onWarning === undefined ? {} : { onWarning: options.onWarning }),
  });
  const health = new MirrorHealth(clock);
  // Of its own: a mirror that has no search is as good for pulls as any.
  const searchHealth = new MirrorHealth(clock);
  const forPull = (ref: Reference) => pullEndpoints(ref, config);

  return {
    getManifest: (ref, signal) =>
      firstOf(forPull(ref), health, (endpoint) => fetchManifest(http, endpoint, ref, signal)),
    headManifest: (ref, signal) =>
      firstFound(forPull(ref), health, (endpoint) => headManifest(http, endpoint, ref, signal)),
    getBlob: (repo, descriptor, range, signal) => {
      const { start, end } = boundedRange(descriptor.size, range?.start, range?.end);
      return readBlob(http, forPull({ ...repo, digest: descriptor.digest }), health, {
        ref: repo,
        descriptor,
        start,
        end,
        signal,
      });
    },
    hasBlob: (repo, digest, signal) => hasBlob(http, pushEndpoint(repo, config), digest, 'pull', signal),
    blobSize: async (repo, digest, signal) => blobSize(http, pushEndpoint(repo, config), digest, signal),
    putBlob: (repo, descriptor, read, putOptions = {}) =>
      putBlob(http, pushEndpoint(repo, config), config, repo, { descriptor, read, ...putOptions }),
    ...atOrigin(http, config),
    async *listTags(repo, signal) {
      yield* listTags(http, pushEndpoint(repo, config), repo, signal);
    },
    search: async (query, signal) =>
      firstOf(searchEndpoints(query.domain, config), searchHealth, (endpoint) =>
        search(http, endpoint, query, signal),
      ),
    endpoints: (ref) => forPull(ref).map((endpoint) => shownEndpoint(http, endpoint)),
    async rateLimit(domain, signal) {
      const endpoint = pushEndpoint({ ...RATE_LIMIT_PREVIEW, domain }, config);
      try {
        await headManifest(http, endpoint, { ...RATE_LIMIT_PREVIEW, domain }, signal);
      } catch (error) {
        // Other registries have no such repository, and some say so by a refusal; its headers count all the same.
        if (!isWherryError(error) || !['denied', 'unauthorized', 'not-found'].includes(error.kind))
          throw error;
      }
      return { ...http.rateLimits.get(endpoint.domain), registry: domain };
    },
    login: (domain, username, secret, signal) => {
      const proof = typeof secret === 'string' ? { password: secret } : { password: '', ...secret };
      return login(
        http,
        pushEndpoint({ domain, path: 'login' }, config),
        { username, ...proof },
        clock,
        signal,
      );
    },
    async close() {
      await transport[Symbol.asyncDispose]?.();
    },
  };
}

/** What is asked of the origin alone, and changed there. */
function atOrigin(http: RegistryHttp, config: EndpointRules) {
  const endpointOf = (ref: Reference) => pushEndpoint(ref, config);
  return {
    origin: {
      getManifest: async (ref, signal) => fetchManifest(http, endpointOf(ref), ref, signal),
      headManifest: async (ref, signal) => headManifest(http, endpointOf(ref), ref, signal),
    },
    putManifest: async (ref, bytes, mediaType, signal) =>
      (await pushManifest(http, endpointOf(ref), ref, bytes, mediaType, signal)).descriptor,
    deleteManifest: async (ref, signal) => deleteManifest(http, endpointOf(ref), ref, signal),
    listReferrers: async (repo, subject, signal) =>
      listReferrers(http, endpointOf(repo), { repo, subject }, signal),
    putReferrer: async (repo, bytes, mediaType, signal) =>
      pushReferrer(http, endpointOf(repo), { repo, bytes, mediaType }, signal),
  } satisfies Partial<RegistryClient>;
}

async function putBlob(
  http: RegistryHttp,
  endpoint: RegistryEndpoint,
  config: EndpointRules,
  repo: Reference,
  request: PutBlobOptions & Pick<Parameters<Uploader['upload']>[0], 'descriptor' | 'read'>,
): Promise<PutBlobOutcome> {
  const { descriptor, signal } = request;
  throwIfCancelled(signal);
  if (await hasBlob(http, endpoint, descriptor.digest, 'pull,push', signal)) return { kind: 'present' };
  const uploader = new Uploader(http, endpoint);
  const sources = (request.mountFrom ?? [])
    .filter(({ domain, path }) => domain === repo.domain && path !== repo.path)
    .map((from) => ({ from, at: pushEndpoint(from, config) }))
    .filter(({ at }) => at.url.host === endpoint.url.host);
  const mounted = await uploader.mount(
    descriptor.digest,
    sources.map(({ at }) => at.repository),
    signal,
  );
  if ('mountedFrom' in mounted) {
    const source = sources.find(({ at }) => at.repository === mounted.mountedFrom);
    if (source !== undefined) return { kind: 'mounted', from: source.from };
  }
  await uploader.upload(request, 'session' in mounted ? mounted.session : undefined);
  return { kind: 'uploaded' };
}

/** As `firstOf`, but what a mirror does not have the next endpoint may. */
async function firstFound<T>(
  endpoints: readonly RegistryEndpoint[],
  health: MirrorHealth,
  ask: (endpoint: RegistryEndpoint) => Promise<T | undefined>,
): Promise<T | undefined> {
  const origin = endpoints.at(-1);
  const missing = new WherryError('MANIFEST_UNKNOWN', 'not at this mirror');
  return firstOf(endpoints, health, async (endpoint) => {
    const found = await ask(endpoint);
    if (found === undefined && endpoint !== origin) throw missing;
    return found;
  });
}

function boundedRange(size: number, start = 0, end = size): { start: number; end: number } {
  if (start < 0 || end < start || end > size)
    throw new WherryError('INVALID_RANGE', `range ${start}-${end} of ${size} bytes`);
  return { start, end };
}

function shownEndpoint(http: RegistryHttp, endpoint: RegistryEndpoint) {
  const { repository, role, reason } = endpoint;
  return { url: http.knownUrl(endpoint), repository, role, reason };
}
