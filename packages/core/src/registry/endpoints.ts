import { type DockerMirror, isLoopback } from '../config/daemon-config.ts';
import { longestMatch, matchedPart } from '../config/name-prefix.ts';
import type { RegistryRule } from '../config/wherry-config.ts';
import { WherryError } from '../errors.ts';
import { familiarName, type Reference } from '../reference.ts';
import type { Endpoint } from './registry-client.ts';

/** An endpoint with what a request to it needs to know. */
export interface RegistryEndpoint extends Endpoint {
  /** Key of the credentials: the host, or `docker.io`. */
  readonly domain: string;
  /** Any certificate will do, and so will none. */
  readonly insecure: boolean;
  /** The scheme stands in the configuration: no other is tried. */
  readonly fixedScheme: boolean;
  /** Domain of the name, sent as `ns` to a mirror of several registries. */
  readonly namespace?: string;
}

/** What of the configuration decides about endpoints. */
export interface EndpointRules {
  readonly rules: readonly RegistryRule[];
  /** Docker's `registry-mirrors`: for Docker Hub alone. */
  readonly dockerMirrors: readonly DockerMirror[];
  readonly isInsecure: (host: string) => boolean;
}

interface Location {
  readonly scheme?: 'http' | 'https';
  readonly host: string;
  /** Without slashes at its ends; empty: none. */
  readonly path: string;
}

const DOCKER_HUB = 'docker.io';
const DOCKER_HUB_ORIGIN = 'registry-1.docker.io';
const DOCKER_HUB_INDEX = 'index.docker.io';

/**
 * The endpoints that a pull of `ref` asks, in order: the mirrors of the rule with the longest prefix, then
 * Docker's own for Docker Hub, then the origin. Throws `BLOCKED`, `INVALID_REFERENCE`.
 */
export function pullEndpoints(ref: Reference, config: EndpointRules): RegistryEndpoint[] {
  const rule = matchingRule(ref, config.rules);
  return [...ruleMirrors(ref, rule, config), ...dockerMirrors(ref, config), originOf(ref, rule, config)];
}

/** The one endpoint that takes pushes. Throws `BLOCKED`. */
export function pushEndpoint(ref: Reference, config: EndpointRules): RegistryEndpoint {
  return originOf(ref, matchingRule(ref, config.rules), config);
}

/**
 * The endpoints that a search of a registry asks, in order; `repository` is the path below which its names
 * lie there. Docker's own mirrors are for pulls alone. Throws `BLOCKED`.
 */
export function searchEndpoints(domain: string, config: EndpointRules): RegistryEndpoint[] {
  const all = { domain, path: '' };
  const rule = matchingRule(all, config.rules);
  return [...ruleMirrors(all, rule, config), originOf(all, rule, config)].map((endpoint) => {
    const url = new URL(endpoint.url);
    if (url.host === DOCKER_HUB_ORIGIN) url.host = DOCKER_HUB_INDEX;
    return { ...endpoint, url, repository: endpoint.repository.replace(/\/$/, '') };
  });
}

/** Tells whether an endpoint is Docker Hub's search, which is no registry. */
export function isHubIndex({ url }: RegistryEndpoint): boolean {
  return url.host === DOCKER_HUB_INDEX;
}

function matchingRule(ref: Reference, rules: readonly RegistryRule[]): RegistryRule | undefined {
  const best = longestMatch(ref, rules);
  if (best?.blocked === true)
    throw new WherryError('BLOCKED', `registry ${best.prefix} is blocked in ${best.source}`, {
      hint: `remove "blocked" for the prefix "${best.prefix}" there`,
      details: { reference: familiarName(ref), prefix: best.prefix },
    });
  return best;
}

function ruleMirrors(
  ref: Reference,
  rule: RegistryRule | undefined,
  config: EndpointRules,
): RegistryEndpoint[] {
  if (rule === undefined) return [];
  const wanted = ref.digest === undefined ? 'tag-only' : 'digest-only';
  return rule.mirrors
    .filter(({ pull }) => pull === 'all' || pull === wanted)
    .map((mirror, index) => ({
      ...endpointAt(rewritten(ref, rule, mirror.location), config, mirror.insecure),
      role: 'mirror' as const,
      reason: `mirror ${index + 1} of "${rule.prefix}" in ${rule.source}`,
      ...(mirror.sendNamespace ? { namespace: ref.domain } : {}),
    }));
}

function dockerMirrors(ref: Reference, config: EndpointRules): RegistryEndpoint[] {
  if (ref.domain !== DOCKER_HUB) return [];
  return config.dockerMirrors.map(({ url, source }) => ({
    ...endpointAt({ ...parseLocation(url), path: ref.path }, config, false),
    role: 'mirror' as const,
    reason: `"registry-mirrors" in ${source}`,
  }));
}

function originOf(ref: Reference, rule: RegistryRule | undefined, config: EndpointRules): RegistryEndpoint {
  const moved = rule?.location === undefined ? undefined : rewritten(ref, rule, rule.location);
  const place = moved ?? { host: ref.domain, path: ref.path };
  return {
    ...endpointAt(place, config, rule?.insecure ?? false),
    role: 'origin',
    reason:
      moved === undefined ? `registry of ${ref.domain}` : `location of "${rule?.prefix}" in ${rule?.source}`,
  };
}

function rewritten(ref: Reference, rule: RegistryRule, location: string): Location {
  const matched = matchedPart(ref, rule.prefix) ?? '';
  const place = parseLocation(location);
  const rest = `${ref.domain}/${ref.path}`.slice(matched.length);
  return { ...place, path: `${place.path}${rest}`.replace(/^\//, '') };
}

/** Reads `[scheme://]host[:port][/path]`. */
export function parseLocation(text: string): Location {
  const [, scheme, host = '', path = ''] = /^(?:(https?):\/\/)?([^/]*)\/*(.*?)\/*$/s.exec(text) ?? [];
  return { ...(scheme === 'http' || scheme === 'https' ? { scheme } : {}), host, path };
}

function endpointAt(
  { scheme, host, path }: Location,
  config: EndpointRules,
  configuredInsecure: boolean,
): Omit<RegistryEndpoint, 'role' | 'reason'> {
  const hub = host === DOCKER_HUB || host === DOCKER_HUB_INDEX;
  const actualHost = hub ? DOCKER_HUB_ORIGIN : host;
  const insecure = configuredInsecure || isLoopback(actualHost) || config.isInsecure(actualHost);
  const guessed = isLoopback(actualHost) ? 'http' : 'https';
  const url = URL.parse(`${scheme ?? guessed}://${actualHost}/`);
  // What the grammar of names takes for a host may be no address, such as 256.0.0.1 or a port of 99999.
  if (url === null)
    throw new WherryError('INVALID_REFERENCE', `invalid registry host ${JSON.stringify(actualHost)}`);
  return {
    url,
    repository: path,
    domain: hub || actualHost === DOCKER_HUB_ORIGIN ? DOCKER_HUB : host,
    insecure,
    fixedScheme: scheme !== undefined,
  };
}
