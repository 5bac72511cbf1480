import { WherryError } from '@wherry/core';

/** What of a request tells which upstream it is for. */
export interface AddressedRequest {
  /** Behind `/v2/`. */
  readonly path: string;
  /** The `Host` header. */
  readonly host: string;
  /** The parameter `ns`: the registry whose name the client was given. */
  readonly namespace: string | undefined;
}

/** The upstream that a request is for, and the path there. */
export interface ChosenUpstream {
  readonly upstream: string;
  readonly path: string;
  /** Nothing names the upstream: the path may be one of our own. */
  readonly isBareName: boolean;
}

export interface UpstreamChoices {
  readonly upstreams: readonly string[];
  /** Hosts of this service that stand for an upstream. */
  readonly hosts: Readonly<Record<string, string>>;
}

const DOCKER_HUB = 'docker.io';

/**
 * Finds the upstream of a request: by `ns`, by the host name, by the first part of the path, or Docker Hub
 * for a bare name, as Docker's `registry-mirrors` ask. `undefined`: the request is for our own registry.
 * Throws `NAME_UNKNOWN` for a namespace that is not mirrored here.
 */
export function chooseUpstream(
  request: AddressedRequest,
  { upstreams, hosts }: UpstreamChoices,
): ChosenUpstream | undefined {
  const host = request.host.toLowerCase();
  const namespace = request.namespace?.toLowerCase();
  const { path } = request;
  // Clients that name a namespace always name their own registry when it is that.
  if (namespace !== undefined && namespace !== '' && namespace !== host) {
    if (!upstreams.includes(namespace))
      throw new WherryError('NAME_UNKNOWN', `${namespace.slice(0, 200)} is not mirrored here`);
    return { upstream: namespace, path, isBareName: false };
  }
  const ofHost = hosts[host] ?? hosts[host.replace(/:\d+$/, '')];
  if (ofHost !== undefined) return { upstream: ofHost, path, isBareName: false };
  const slash = path.indexOf('/');
  const first = path.slice(0, Math.max(slash, 0));
  if (upstreams.includes(first)) return { upstream: first, path: path.slice(slash + 1), isBareName: false };
  return upstreams.includes(DOCKER_HUB) ? { upstream: DOCKER_HUB, path, isBareName: true } : undefined;
}

/** The name that a registry has for what people call `name`: Docker Hub's official images lie in `library`. */
export function upstreamPath(upstream: string, name: string): string {
  return upstream === DOCKER_HUB && !name.includes('/') ? `library/${name}` : name;
}
