import { join } from 'node:path';
import { type HostCertificates, readCaFile, readHostCertificates } from './certificates.ts';
import { FileCredentialStore } from './credential-store.ts';
import type { CredentialStore } from './credentials.ts';
import { type DockerMirror, insecureHosts, isLoopback, readDaemonConfigs } from './daemon-config.ts';
import { readDockerConfig } from './docker-config.ts';
import { type Environment, type ProxySettings, proxyFor, proxySettings } from './environment.ts';
import type { TrustRule } from './trust-rules.ts';
import { type BuildCacheSettings, type RegistryRule, readWherryConfig } from './wherry-config.ts';

export interface RegistryConfigOptions {
  readonly env: Environment;
  readonly home: string;
  /** wherry's file; absent: `$XDG_CONFIG_HOME/wherry/config.toml`, else `~/.config/wherry/config.toml`. */
  readonly configFile?: string;
  /** Absent: `$DOCKER_CONFIG`, else `~/.docker`. */
  readonly dockerConfigDir?: string;
  /** The machine's Docker configuration; absent: `/etc/docker`. */
  readonly systemDockerDir?: string;
  /** `false`: no credential helper is asked. */
  readonly credentialHelpers?: boolean;
}

/** Everything that configuration says about registries, from all files and the environment. */
export interface RegistryConfig {
  /** wherry's file, whether or not it is there. */
  readonly configFile: string;
  /** Hosts and CIDR blocks that Docker's configuration calls insecure. */
  readonly insecureRegistries: readonly string[];
  readonly rules: readonly RegistryRule[];
  /** Whose signatures count for which names. */
  readonly trustRules: readonly TrustRule[];
  readonly dockerMirrors: readonly DockerMirror[];
  readonly isInsecure: (host: string) => boolean;
  readonly headers: Readonly<Record<string, string>>;
  readonly credentials: CredentialStore;
  /** Filters that Docker's `config.json` adds to each prune. */
  readonly pruneFilters: readonly string[];
  /** What builds leave of the build cache without being asked. */
  readonly buildCacheLimit: BuildCacheSettings;
  readonly proxies: ProxySettings;
  readonly jobs?: number;
  /** Absent: direct. */
  readonly proxyFor: (url: URL) => URL | undefined;
  /** Reads the host's certificates from disk; `verify` is false for insecure registries. */
  readonly trustFor: (url: URL) => Promise<HostCertificates & { readonly verify: boolean }>;
}

/**
 * Reads what there is of wherry's and Docker's configuration. Throws `INVALID_CONFIG` with file and line.
 * Credentials and certificates are read when a registry first needs them.
 */
export async function loadRegistryConfig(options: RegistryConfigOptions): Promise<RegistryConfig> {
  const { env, home } = options;
  const configHome = nonEmpty(env.XDG_CONFIG_HOME) ?? join(home, '.config');
  const dockerConfigDir = options.dockerConfigDir ?? nonEmpty(env.DOCKER_CONFIG) ?? join(home, '.docker');
  const systemDockerDir = options.systemDockerDir ?? '/etc/docker';
  const userDockerDir = join(configHome, 'docker');
  const configFile = options.configFile ?? join(configHome, 'wherry', 'config.toml');
  const [own, docker, daemon] = await Promise.all([
    readWherryConfig(configFile),
    readDockerConfig(join(dockerConfigDir, 'config.json')),
    readDaemonConfigs([join(systemDockerDir, 'daemon.json'), join(userDockerDir, 'daemon.json')]),
  ]);
  const proxies = proxySettings(env, docker?.proxies.default);
  const isInsecure = insecureHosts([...daemon.insecureRegistries, ...insecureLocations(own.registries)]);
  const certificateDirs = [systemDockerDir, userDockerDir].map((directory) => join(directory, 'certs.d'));
  return {
    configFile,
    insecureRegistries: daemon.insecureRegistries,
    rules: own.registries,
    trustRules: own.trust,
    dockerMirrors: daemon.mirrors,
    isInsecure,
    headers: { ...lowerCased(docker?.httpHeaders ?? {}), ...own.headers },
    credentials: new FileCredentialStore({
      env,
      home,
      dockerConfigDir,
      asksHelpers: options.credentialHelpers !== false,
    }),
    pruneFilters: docker?.pruneFilters ?? [],
    buildCacheLimit: own.build,
    proxies,
    ...(own.jobs === undefined ? {} : { jobs: own.jobs }),
    proxyFor: (url) => proxyFor(proxies, url),
    trustFor: async (url) => {
      const found = await readHostCertificates(certificateDirs, url.host);
      const files = own.registries.flatMap((rule) => caFile(rule, url.host) ?? []);
      const extra = await Promise.all(files.map(readCaFile));
      return {
        ...found,
        ca: [...found.ca, ...extra],
        verify: !isLoopback(url.host) && !isInsecure(url.host),
      };
    },
  };
}

/** Hosts of rules and mirrors that are marked insecure. */
function insecureLocations(rules: readonly RegistryRule[]): string[] {
  return rules.flatMap(({ prefix, location, insecure, mirrors }) => [
    ...(insecure ? [hostOf(location ?? prefix)] : []),
    ...mirrors.filter((mirror) => mirror.insecure).map((mirror) => hostOf(mirror.location)),
  ]);
}

function caFile(rule: RegistryRule, host: string): string | undefined {
  return hostOf(rule.location ?? rule.prefix) === host ? rule.ca : undefined;
}

/** The host that requests for a location go to. */
function hostOf(location: string): string {
  const host = location.replace(/^https?:\/\//, '').split('/')[0] ?? '';
  return host === 'docker.io' ? 'registry-1.docker.io' : host;
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : value;
}
