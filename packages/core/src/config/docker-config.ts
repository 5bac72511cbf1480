import { WherryError } from '../errors.ts';
import { type Credentials, credentialKey, serverHost } from './credentials.ts';
import { parseConfigObject, readConfigFile } from './json-file.ts';
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
  readonly auths: Readonly<Record<string, unknown>>;
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
  const document = parseConfigObject(text, source);
  const { credsStore } = document;
  if (credsStore !== undefined && credsStore !== null && typeof credsStore !== 'string')
    throw new WherryError('INVALID_CONFIG', `${source}: "credsStore" must be a string`);
  return {
    source,
    document,
    auths: objectField(document, 'auths', source),
    ...(typeof credsStore === 'string' && credsStore !== '' ? { credsStore } : {}),
    credHelpers: stringMap(document, 'credHelpers', source),
    httpHeaders: stringMap(document, 'HttpHeaders', source),
    proxies: proxiesOf(document, source),
    pruneFilters: stringList(document, 'pruneFilters', source),
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
  for (const candidate of Object.keys(config.auths)) {
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
  const kept = Object.entries(config?.auths ?? {}).filter(
    ([candidate]) =>
      candidate !== key && (candidate.includes('/') || serverHost(candidate) !== serverHost(server)),
  );
  const existed = config !== undefined && kept.length < Object.keys(config.auths).length;
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

function readEntry(config: DockerConfig, key: string): Credentials | undefined {
  const entry = Object.hasOwn(config.auths, key) ? config.auths[key] : undefined;
  if (typeof entry !== 'object' || entry === null) return undefined;
  const { auth, username, password, identitytoken, registrytoken } = entry as Record<string, unknown>;
  const [decodedName, decodedPassword] =
    typeof auth === 'string' && auth !== '' ? decodeAuth(auth, key, config) : [];
  const credentials = {
    username: decodedName ?? text(username) ?? '',
    password: decodedPassword ?? text(password) ?? '',
    ...(text(identitytoken) === undefined ? {} : { identityToken: text(identitytoken) as string }),
    ...(text(registrytoken) === undefined ? {} : { registryToken: text(registrytoken) as string }),
  };
  const empty =
    credentials.username === '' &&
    credentials.identityToken === undefined &&
    credentials.registryToken === undefined;
  return empty ? undefined : credentials;
}

function decodeAuth(auth: string, key: string, { source }: DockerConfig): [name: string, password: string] {
  const decoded = Buffer.from(auth, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon < 0)
    throw new WherryError('INVALID_CONFIG', `${source}: "auth" of ${key} is not base64 of name:password`, {
      hint: `log in again with 'wherry login ${serverHost(key)}'`,
    });
  return [decoded.slice(0, colon), decoded.slice(colon + 1).replace(/\0+$/, '')];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function objectField(
  document: Readonly<Record<string, unknown>>,
  name: string,
  source: string,
): Readonly<Record<string, unknown>> {
  const value = document[name] ?? {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new WherryError('INVALID_CONFIG', `${source}: "${name}" must be an object`);
}

function stringMap(
  document: Readonly<Record<string, unknown>>,
  name: string,
  source: string,
): Readonly<Record<string, string>> {
  const map = objectField(document, name, source);
  for (const [key, value] of Object.entries(map)) {
    if (typeof value !== 'string')
      throw new WherryError('INVALID_CONFIG', `${source}: "${name}" of ${key} must be a string`);
  }
  return map as Record<string, string>;
}

function stringList(
  document: Readonly<Record<string, unknown>>,
  name: string,
  source: string,
): readonly string[] {
  const list = document[name] ?? [];
  if (Array.isArray(list) && list.every((item) => typeof item === 'string')) return list;
  throw new WherryError('INVALID_CONFIG', `${source}: "${name}" must be a list of strings`);
}

function proxiesOf(
  document: Readonly<Record<string, unknown>>,
  source: string,
): Record<string, DockerProxies> {
  const proxies: Record<string, DockerProxies> = {};
  const all = objectField(document, 'proxies', source);
  for (const name of Object.keys(all)) {
    const entry = objectField(all, name, source);
    const pick = (key: keyof DockerProxies) =>
      text(entry[key]) === undefined ? {} : { [key]: text(entry[key]) };
    proxies[name] = { ...pick('httpProxy'), ...pick('httpsProxy'), ...pick('allProxy'), ...pick('noProxy') };
  }
  return proxies;
}
