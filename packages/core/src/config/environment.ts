import { BlockList, isIP } from 'node:net';
import { WherryError } from '../errors.ts';
import type { DockerProxies } from './docker-config.ts';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Which proxy a request takes. */
export interface ProxySettings {
  readonly http?: string;
  readonly https?: string;
  readonly noProxy: NoProxy;
}

/**
 * Reads `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, lower case first; `defaults` (Docker's
 * `proxies.default`) stands in where the environment names no proxy at all.
 */
export function proxySettings(env: Environment, defaults: DockerProxies | undefined): ProxySettings {
  const read = (name: string) => nonEmpty(env[name.toLowerCase()]) ?? nonEmpty(env[name]);
  const all = read('ALL_PROXY');
  // In a CGI program HTTP_PROXY is the request's `Proxy:` header, i.e. anybody's.
  const http =
    nonEmpty(env.http_proxy) ?? (env.REQUEST_METHOD === undefined ? nonEmpty(env.HTTP_PROXY) : undefined);
  const https = read('HTTPS_PROXY');
  const noProxy = read('NO_PROXY');
  if (http === undefined && https === undefined && all === undefined)
    return settings(
      defaults?.httpProxy,
      defaults?.httpsProxy,
      defaults?.allProxy,
      noProxy ?? defaults?.noProxy,
    );
  return settings(http, https, all, noProxy);
}

/** The proxy for a URL; absent: direct. Throws `INVALID_CONFIG` for a proxy address that cannot be used. */
export function proxyFor(settings: ProxySettings, url: URL): URL | undefined {
  const address = url.protocol === 'https:' ? settings.https : settings.http;
  if (address === undefined || settings.noProxy.matches(url)) return undefined;
  const proxy = URL.parse(address.includes('://') ? address : `http://${address}`);
  if (proxy === null || !['http:', 'https:', 'socks5:', 'socks5h:', 'socks:'].includes(proxy.protocol))
    throw new WherryError(
      'INVALID_CONFIG',
      'invalid proxy address: want http://, https:// or socks5://host:port',
      {
        hint: 'check HTTP_PROXY, HTTPS_PROXY and ALL_PROXY',
      },
    );
  return proxy;
}

/**
 * The hosts that are reached directly: `*`, a domain and what is below it, `.domain` for below it alone, an
 * address, a CIDR block; all but the block with a port if wanted. Loopback is always direct. As Go's
 * `httpproxy`, which Docker uses.
 */
export class NoProxy {
  readonly #everything: boolean;
  readonly #domains: {
    readonly suffix: string;
    readonly exact: boolean;
    readonly port: string | undefined;
  }[] = [];
  readonly #addresses: { readonly address: string; readonly port: string | undefined }[] = [];
  /** Absent where none is named: `node:net` takes milliseconds to load. */
  #blocks: BlockList | undefined;

  constructor(list: string) {
    const entries = list.split(/[\s,]+/).filter((entry) => entry !== '');
    this.#everything = entries.includes('*');
    for (const entry of entries) this.#add(entry.toLowerCase());
  }

  matches(url: URL): boolean {
    const host = url.hostname
      .replace(/^\[|\]$/g, '')
      .replace(/\.$/, '')
      .toLowerCase();
    const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
    if (this.#everything || host === 'localhost') return true;
    const family = isIP(host);
    if (family !== 0) return this.#matchesAddress(host, family === 6 ? 'ipv6' : 'ipv4', port);
    return this.#domains.some(
      ({ suffix, exact, port: wanted }) =>
        (wanted === undefined || wanted === port) &&
        (host.endsWith(suffix) || (exact && host === suffix.slice(1))),
    );
  }

  #matchesAddress(address: string, family: 'ipv4' | 'ipv6', port: string): boolean {
    if (loopback().check(address, family) || this.#blocks?.check(address, family)) return true;
    return this.#addresses.some(
      (entry) => entry.address === address && (entry.port === undefined || entry.port === port),
    );
  }

  #add(entry: string): void {
    if (entry.includes('/')) {
      this.#blocks ??= new BlockList();
      if (addCidr(this.#blocks, entry)) return;
    }
    const [, bracketed, plain = '', port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(entry) ?? [];
    const host = bracketed ?? (plain === '' && isIP(entry) === 6 ? entry : plain);
    if (host === '' || host === '*') return;
    const canonical = canonicalAddress(host);
    if (canonical !== undefined) this.#addresses.push({ address: canonical, port });
    else {
      const below = host.replace(/^\*?\./, '').replace(/\.$/, '');
      if (below !== '') this.#domains.push({ suffix: `.${below}`, exact: !/^\*?\./.test(host), port });
    }
  }
}

/** Adds `address/bits` to `blocks`; false when `text` is no such thing. */
export function addCidr(blocks: BlockList, text: string): boolean {
  const [, network = '', bits = ''] = /^([0-9a-f.:]+)\/(\d{1,3})$/i.exec(text) ?? [];
  const family = isIP(network);
  if (family === 0 || Number(bits) > (family === 6 ? 128 : 32)) return false;
  blocks.addSubnet(network, Number(bits), family === 6 ? 'ipv6' : 'ipv4');
  return true;
}

let loopbackBlocks: BlockList | undefined;

/** Made when it is asked for: few commands do, and `node:net` takes milliseconds to load. */
function loopback(): BlockList {
  if (loopbackBlocks) return loopbackBlocks;
  loopbackBlocks = new BlockList();
  loopbackBlocks.addSubnet('127.0.0.0', 8, 'ipv4');
  loopbackBlocks.addAddress('::1', 'ipv6');
  return loopbackBlocks;
}

/** An address as URLs write it: IPv6 has many spellings. */
function canonicalAddress(host: string): string | undefined {
  const family = isIP(host);
  if (family === 0) return undefined;
  if (family === 4) return host;
  return URL.parse(`http://[${host}]/`)?.hostname.slice(1, -1);
}

function settings(
  http: string | undefined,
  https: string | undefined,
  all: string | undefined,
  noProxy: string | undefined,
): ProxySettings {
  const forHttp = http ?? all;
  const forHttps = https ?? all;
  return {
    ...(forHttp === undefined ? {} : { http: forHttp }),
    ...(forHttps === undefined ? {} : { https: forHttps }),
    noProxy: new NoProxy(noProxy ?? ''),
  };
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === '' ? undefined : value.trim();
}
