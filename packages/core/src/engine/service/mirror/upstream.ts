import type { Clock } from '../../../clock.ts';
import type { RegistryConfig } from '../../../config/registry-config.ts';
import { WherryError } from '../../../errors.ts';
import { createRegistryClient } from '../../../registry/client.ts';
import { parseLocation, pushEndpoint } from '../../../registry/endpoints.ts';
import { GuardedTransport, guardedLookup } from '../../../registry/guarded-transport.ts';
import type { RegistryClient } from '../../../registry/registry-client.ts';
import { UndiciTransport } from '../../../registry/undici-transport.ts';

/** How long an upstream that was out of reach is not asked where the cache has an answer. */
const REST_MS = 30_000;
/** A client that waits for the mirror is not to wait for ever, and has a registry to go to instead. */
const RETRY = { maxAttempts: 3, waitsForLimits: false };

/** A registry to mirror. */
export interface UpstreamSettings {
  /** As names begin with it: `docker.io`, `registry.example.org:5000`. */
  readonly name: string;
  /** Where it is, `[http[s]://]host[:port][/path]`; absent: where its name says. */
  readonly location?: string;
  /** Hosts (`host[:port]`) in a private network to which it may redirect. */
  readonly allowedHosts?: readonly string[];
}

/** What the mirror asks of an upstream: the registry itself, past its mirrors, of which we may be one. */
export type UpstreamClient = Pick<
  RegistryClient,
  'getManifest' | 'headManifest' | 'getBlob' | 'blobSize' | 'listTags' | 'close'
>;

/** One upstream, and whether it is worth asking. */
export class Upstream {
  readonly name: string;
  readonly client: UpstreamClient;
  readonly #clock: Clock;
  #restUntil = 0;

  constructor(name: string, client: UpstreamClient, clock: Clock) {
    this.name = name;
    this.client = client;
    this.#clock = clock;
  }

  /** It was out of reach a moment ago. */
  get rests(): boolean {
    return this.#clock.now().getTime() < this.#restUntil;
  }

  noteOutage(): void {
    this.#restUntil = this.#clock.now().getTime() + REST_MS;
  }

  noteAnswer(): void {
    this.#restUntil = 0;
  }
}

/**
 * Makes the client of one upstream, with a transport of its own: no upstream may lead to the private hosts of
 * another. Throws `INVALID_ARGUMENT`, `BLOCKED`.
 */
export function openUpstreamClient(
  { name, location, allowedHosts = [] }: UpstreamSettings,
  config: RegistryConfig,
): UpstreamClient {
  const rules = config.rules.map((rule) => ({ ...rule, mirrors: [] }));
  if (location !== undefined) rules.unshift({ ...ruleFor(name, config), location, source: 'the mirror' });
  const own = { ...config, rules, dockerMirrors: [] };
  const { url } = pushEndpoint({ domain: name, path: 'any/name' }, own);
  const allowed = [url.host, ...allowedHosts].map((host) => parseLocation(host).host);
  const names = allowed.map((host) => host.replace(/:\d+$/, '').replace(/^\[|\]$/g, ''));
  const { proxyFor, trustFor } = config;
  const transport = new UndiciTransport({ proxyFor, trustFor, lookup: guardedLookup(names) });
  return createRegistryClient({
    transport: new GuardedTransport(transport, allowed),
    config: own,
    retry: RETRY,
  });
}

/** Reads `NAME[=LOCATION]`. Throws `INVALID_ARGUMENT`. */
export function parseUpstream(text: string): UpstreamSettings {
  const [, name = '', location] = /^([^=]*)(?:=(.*))?$/s.exec(text) ?? [];
  const isHost = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(?::\d{1,5})?$/i.test(name);
  const isPlace = location === undefined || /^(?:https?:\/\/)?[^/\s]+(?:\/\S*)?$/.test(location);
  if (isHost && isPlace && /[.:]|^localhost$/.test(name))
    return { name: name.toLowerCase(), ...(location !== undefined && { location }) };
  throw new WherryError('INVALID_ARGUMENT', `invalid mirror ${JSON.stringify(text.slice(0, 200))}`, {
    hint: 'want NAME or NAME=URL, such as docker.io or ghcr.io=https://ghcr.io',
  });
}

function ruleFor(name: string, config: RegistryConfig) {
  const known = config.rules.find(({ prefix }) => prefix === name);
  return known ? { ...known, mirrors: [] } : { prefix: name, insecure: false, blocked: false, mirrors: [] };
}
