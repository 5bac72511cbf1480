import { BlockList, isIP } from 'node:net';
import { isWherryError } from '../errors.ts';
import { addCidr } from './environment.ts';
import { JsonFields } from './json-fields.ts';
import { readConfigFile } from './json-file.ts';

/** One entry of `registry-mirrors`. */
export interface DockerMirror {
  /** Root of the mirror, scheme included. */
  readonly url: string;
  /** The file it stands in. */
  readonly source: string;
}

/** What of Docker's `daemon.json` concerns a client. */
export interface DaemonConfig {
  readonly mirrors: readonly DockerMirror[];
  /** Hosts, with port, and CIDR blocks. */
  readonly insecureRegistries: readonly string[];
}

/** Reads `daemon.json` files that are there and readable, the first one's mirrors first. Throws `INVALID_CONFIG`. */
export async function readDaemonConfigs(paths: readonly string[]): Promise<DaemonConfig> {
  const mirrors: DockerMirror[] = [];
  const insecureRegistries: string[] = [];
  for (const path of paths) {
    const text = await readableText(path);
    if (text === undefined) continue;
    const fields = JsonFields.parse(text, path);
    for (const entry of fields.list('registry-mirrors'))
      mirrors.push({ url: mirrorRoot(entry, fields), source: path });
    insecureRegistries.push(...fields.list('insecure-registries'));
  }
  return { mirrors, insecureRegistries };
}

/** Tells whether a host may go without verified TLS: by name and port, `*.domain`, or address and block. */
export function insecureHosts(entries: readonly string[]): (host: string) => boolean {
  // Mostly there are none, and `node:net` takes milliseconds to load.
  if (entries.length === 0) return () => false;
  const blocks = new BlockList();
  const names = new Set<string>();
  for (const entry of entries) {
    if (!addCidr(blocks, entry)) names.add(entry.replace(/^https?:\/\//i, '').toLowerCase());
  }
  const wildcards = [...names].filter((name) => name.startsWith('*.')).map((name) => name.slice(1));
  return (host) => {
    const address = host.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
    const family = isIP(address);
    const name = host.toLowerCase();
    return (
      names.has(name) ||
      wildcards.some((suffix) => name.endsWith(suffix)) ||
      (family !== 0 && blocks.check(address, family === 6 ? 'ipv6' : 'ipv4'))
    );
  };
}

/** Tells whether `host` is this machine: never on the network, so encryption is optional. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  return name === 'localhost' || name === '::1' || /^127(?:\.\d{1,3}){3}$/.test(name);
}

/** The daemon's file is the administrator's: what we may not read does not concern us. */
async function readableText(path: string): Promise<string | undefined> {
  try {
    return await readConfigFile(path);
  } catch (error) {
    const { code } = (isWherryError(error) ? (error.cause ?? {}) : {}) as { code?: unknown };
    if (code === 'EACCES' || code === 'EPERM') return undefined;
    throw error;
  }
}

/** A mirror is a root: Docker refuses paths and queries. MOBY `registry/config.go`. */
function mirrorRoot(entry: string, fields: JsonFields): string {
  const url = URL.parse(entry.includes('://') ? entry : `https://${entry}`);
  const plain = url !== null && (url.protocol === 'https:' || url.protocol === 'http:');
  if (!plain || url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '')
    throw fields.invalid(
      'registry-mirrors',
      `has an invalid mirror ${JSON.stringify(entry)}: want scheme://host[:port]`,
    );
  return url.origin;
}
