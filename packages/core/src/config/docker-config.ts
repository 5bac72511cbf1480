import { type Credentials, credentialKey, serverHost } from './credentials.ts';
import { JsonFields } from './json-fields.ts';
import { readConfigFile } from './json-file.ts';
import { writePrivateFile } from './private-file.ts';

/** Docker's proxy settings for one daemon, or `default`. */
export interface DockerProxies {
  readonly httpProxy?: string;
  readonly httpsProxy?: string;
  readonly allProxy?: string;
  readonly noProxy?: string;
}

/** Docker's `config.json`, or a file of the same form. CLI `configfile/file.go`. */
export interface DockerConfig {
  /** For people: a path, or a variable's name. */
  readonly source: string;
  /** Everything that stands in the file. */
  readonly document: Readonly<Record<string, unknown>>;
  /** By server; an entry is looked into when it is asked for. */
  readonly auths: JsonFields;
  /** Suffix of the helper for all registries. */
  readonly credsStore?: string;
  /** Suffix of the helper by host. */
  readonly credHelpers: Readonly<Record<string, string>>;
  readonly httpHeaders: Readonly<Record<string, string>>;
  readonly proxies: Readonly<Record<string, DockerProxies>>;
  readonly pruneFilters: readonly string[];
}

/** Reads a file of Docker's form; `undefined` when there is none. Throws `INVALID_CONFIG`. */
export async function readDockerConfig(path: string): Promise<DockerConfig | undefined> {
  const text = await readConfigFile(path);
  return text === undefined ? undefined : parseDockerConfig(text, path);
}

/** Parses the text of a `config.json`. Throws `INVALID_CONFIG` that names `source`, line and column. */
export function parseDockerConfig(text: string, source: string): DockerConfig {
  const fields = JsonFields.parse(text, source);
  const credsStore = fields.string('credsStore');
  return {
    source,
    document: fields.values,
    auths: fields.object('auths'),
    ...(credsStore === undefined ? {} : { credsStore }),
    credHelpers: fields.object('credHelpers').strings(),
    httpHeaders: fields.object('HttpHeaders').strings(),
    proxies: proxiesOf(fields.object('proxies')),
    pruneFilters: fields.list('pruneFilters'),
  };
}

/**
 * The credentials of a file for a registry. `path` finds Podman's entries for a namespace, the most specific
 * first; Docker's keys may carry a scheme and a path and are compared by host. RCONF auth, CLI.
 */
export function credentialsIn(config: DockerConfig, domain: string, path?: string): Credentials | undefined {
  const parts = path === undefined || path === '' ? [] : path.split('/');
  for (let count = parts.length; count > 0; count--) {
    const found = readEntry(config, [domain, ...parts.slice(0, count)].join('/'));
    if (found !== undefined) return found;
  }
  const key = credentialKey(domain);
  const exact = readEntry(config, key) ?? readEntry(config, domain);
  if (exact !== undefined) return exact;
  for (const candidate of Object.keys(config.auths.values)) {
    // A key that is no URL and has a path is Podman's: it speaks for that namespace alone.
    if (!/^https?:\/\//i.test(candidate) && candidate.replace(/\/(?:v[12]\/?)?$/, '').includes('/')) continue;
    if (credentialKey(candidate) !== key) continue;
    const found = readEntry(config, candidate);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `auths` of a file with credentials for `server` in it; an empty object where a helper keeps them. */
export async function writeAuth(
  path: string,
  server: string,
  credentials: Credentials | 'in-helper',
): Promise<void> {
  await rewrite(path, server, (auths) => {
    auths[credentialKey(server)] = credentials === 'in-helper' ? {} : authEntry(credentials);
    return true;
  });
}

/** Takes `server` out of the file; tells whether it was there. */
export async function removeAuth(path: string, server: string): Promise<boolean> {
  return rewrite(path, server, () => false);
}

async function rewrite(
  path: string,
  server: string,
  change: (auths: Record<string, unknown>) => boolean,
): Promise<boolean> {
  const config = await readDockerConfig(path);
  const key = credentialKey(server);
  const kept = Object.entries(config?.auths.values ?? {}).filter(
    ([candidate]) =>
      candidate !== key && (candidate.includes('/') || serverHost(candidate) !== serverHost(server)),
  );
  const existed = config !== undefined && kept.length < Object.keys(config.auths.values).length;
  const auths: Record<string, unknown> = Object.fromEntries(kept);
  if (!change(auths) && !existed) return false;
  const sorted = Object.fromEntries(Object.entries(auths).sort(([a], [b]) => (a < b ? -1 : 1)));
  await writePrivateFile(path, JSON.stringify({ ...config?.document, auths: sorted }, undefined, '\t'));
  return existed;
}

function authEntry({ username, password, identityToken }: Credentials): Record<string, string> {
  // With an identity token Docker keeps the name and leaves the password out.
  const secret = identityToken === undefined ? password : '';
  return {
    auth: Buffer.from(`${username}:${secret}`).toString('base64'),
    ...(identityToken === undefined ? {} : { identitytoken: identityToken }),
  };
}

function readEntry({ auths }: DockerConfig, key: string): Credentials | undefined {
  const entry = auths.object(key);
  const pair = decodeAuth(entry, key);
  const [identityToken, registryToken] = [entry.string('identitytoken'), entry.string('registrytoken')];
  const credentials = {
    username: pair?.username ?? entry.string('username') ?? '',
    password: pair?.password ?? entry.string('password') ?? '',
    ...(identityToken === undefined ? {} : { identityToken }),
    ...(registryToken === undefined ? {} : { registryToken }),
  };
  const empty = credentials.username === '' && identityToken === undefined && registryToken === undefined;
  return empty ? undefined : credentials;
}

function decodeAuth(entry: JsonFields, key: string): Credentials | undefined {
  const auth = entry.string('auth');
  if (auth === undefined) return undefined;
  const decoded = Buffer.from(auth, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon < 0)
    throw entry.invalid(
      'auth',
      'is not base64 of name:password',
      `log in again with 'wherry login ${serverHost(key)}'`,
    );
  return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1).replace(/\0+$/, '') };
}

function proxiesOf(fields: JsonFields): Record<string, DockerProxies> {
  const proxies: Record<string, DockerProxies> = {};
  for (const name of Object.keys(fields.values)) {
    const entry = fields.object(name);
    const pick = (key: keyof DockerProxies) => {
      const value = entry.string(key);
      return value === undefined ? {} : { [key]: value };
    };
    proxies[name] = { ...pick('httpProxy'), ...pick('httpsProxy'), ...pick('allProxy'), ...pick('noProxy') };
  }
  return proxies;
}
