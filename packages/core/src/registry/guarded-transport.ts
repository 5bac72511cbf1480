import { lookup as lookupAddress } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { WherryError } from '../errors.ts';
import type { HttpRequest, HttpResponse, Transport } from './transport.ts';

/** Networks that are nobody's on the internet: RFC 6890, and multicast. */
const PRIVATE_IPV4: readonly (readonly [network: string, prefix: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];
const PRIVATE_IPV6: readonly (readonly [network: string, prefix: number])[] = [
  ['::', 96],
  ['64:ff9b::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
];

const PRIVATE = new BlockList();
for (const [network, prefix] of PRIVATE_IPV4) PRIVATE.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of PRIVATE_IPV6) PRIVATE.addSubnet(network, prefix, 'ipv6');

/** Tells whether an IP address is one of the internet's. IPv4 addresses in IPv6 form count as what they are. */
export function isPublicAddress(address: string): boolean {
  const plain = address.replace(/%.*$/, '');
  const version = isIP(plain);
  return version !== 0 && !PRIVATE.check(plain, version === 4 ? 'ipv4' : 'ipv6');
}

/**
 * Sends only to `allowed` (`host[:port]`, as URLs have it) and to what is on the internet: a registry must not
 * lead whoever trusts it to the machines of his own network, by a redirect or as its token server. Throws
 * `REGISTRY_ERROR`.
 */
export class GuardedTransport implements Transport, AsyncDisposable {
  readonly #inner: Transport & Partial<AsyncDisposable>;
  readonly #allowed: ReadonlySet<string>;

  constructor(inner: Transport & Partial<AsyncDisposable>, allowed: Iterable<string>) {
    this.#inner = inner;
    this.#allowed = new Set(allowed);
  }

  async send(request: HttpRequest, signal?: AbortSignal): Promise<HttpResponse> {
    const { host, hostname } = request.url;
    if (!this.#allowed.has(host)) {
      const bare = hostname.replace(/^\[|\]$/g, '');
      const isNamedHere = bare === 'localhost' || bare.endsWith('.localhost');
      if (isNamedHere || (isIP(bare) !== 0 && !isPublicAddress(bare))) throw leadsAstray(host);
    }
    return this.#inner.send(request, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#inner[Symbol.asyncDispose]?.();
  }
}

/**
 * Looks names up as usual, and fails for those that are not in `allowed` (names without a port) and lead to an
 * address that is not on the internet. Asked when the connection is made, so that no second answer can differ.
 */
export function guardedLookup(allowed: Iterable<string>): LookupFunction {
  const names = new Set(allowed);
  return (hostname, options, callback) => {
    lookupAddress(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '');
      if (!names.has(hostname) && !addresses.every(({ address }) => isPublicAddress(address)))
        return callback(leadsAstray(hostname), '');
      const [first] = addresses;
      if (options.all === true) return callback(null, addresses);
      callback(null, first?.address ?? '', first?.family);
    });
  };
}

function leadsAstray(host: string): WherryError {
  return new WherryError('REGISTRY_ERROR', `registry leads to ${host}, which is a private address`, {
    hint: 'allow the host for this upstream if it is meant',
    details: { host },
  });
}
