import { join } from 'node:path';
import { CredentialHelper } from './credential-helper.ts';
import {
  type CredentialStore,
  type Credentials,
  credentialKey,
  type StoredIn,
  serverHost,
} from './credentials.ts';
import {
  credentialsIn,
  type DockerConfig,
  parseDockerConfig,
  readDockerConfig,
  removeAuth,
  writeAuth,
} from './docker-config.ts';
import type { Environment } from './environment.ts';

export interface CredentialStoreOptions {
  readonly env: Environment;
  readonly home: string;
  /** Directory of Docker's `config.json`. */
  readonly dockerConfigDir: string;
  /** `false`: no helper is asked for what it keeps, because it might ask the user. */
  readonly asksHelpers?: boolean;
}

/**
 * Credentials where Docker and Podman keep them. Looked up in `DOCKER_AUTH_CONFIG`, Docker's `config.json`
 * with its helpers, then Podman's `auth.json`; kept and erased in Docker's.
 */
export class FileCredentialStore implements CredentialStore {
  readonly #options: CredentialStoreOptions;
  readonly #path: string;

  constructor(options: CredentialStoreOptions) {
    this.#options = options;
    this.#path = join(options.dockerConfigDir, 'config.json');
  }

  async get(domain: string, path?: string): Promise<Credentials | undefined> {
    const { env } = this.#options;
    const inline = env.DOCKER_AUTH_CONFIG;
    if (inline !== undefined && inline !== '') {
      const found = credentialsIn(parseDockerConfig(inline, 'DOCKER_AUTH_CONFIG'), domain, path);
      if (found !== undefined) return found;
    }
    for (const file of [this.#path, ...this.#podmanFiles()]) {
      const config = await readDockerConfig(file);
      if (config === undefined) continue;
      const found = (await this.#fromHelper(config, domain)) ?? credentialsIn(config, domain, path);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async store(server: string, credentials: Credentials): Promise<StoredIn> {
    const config = await readDockerConfig(this.#path);
    const helper = config === undefined ? undefined : this.#helperFor(config, server);
    if (helper === undefined) {
      await writeAuth(this.#path, server, credentials);
      return { kind: 'file', path: this.#path };
    }
    await helper.store(credentialKey(server), credentials);
    await writeAuth(this.#path, server, 'in-helper');
    return { kind: 'helper', name: helper.suffix };
  }

  async erase(server: string): Promise<boolean> {
    const config = await readDockerConfig(this.#path);
    const helper = config === undefined ? undefined : this.#helperFor(config, server);
    const inHelper = (await helper?.erase(credentialKey(server))) ?? false;
    const inFile = await removeAuth(this.#path, server);
    return inHelper || inFile;
  }

  async #fromHelper(config: DockerConfig, domain: string): Promise<Credentials | undefined> {
    if (this.#options.asksHelpers === false) return undefined;
    return this.#helperFor(config, domain)?.get(credentialKey(domain));
  }

  /** `credHelpers` of the host before `credsStore`. */
  #helperFor(config: DockerConfig, server: string): CredentialHelper | undefined {
    const key = credentialKey(server);
    const { credHelpers } = config;
    const suffix = credHelpers[key] ?? credHelpers[serverHost(server)] ?? config.credsStore;
    return suffix === undefined || suffix === ''
      ? undefined
      : new CredentialHelper(suffix, { env: this.#options.env });
  }

  #podmanFiles(): string[] {
    const { env, home } = this.#options;
    const explicit = env.REGISTRY_AUTH_FILE;
    if (explicit !== undefined && explicit !== '') return [explicit];
    const runtime = env.XDG_RUNTIME_DIR;
    const configHome = env.XDG_CONFIG_HOME ?? join(home, '.config');
    return [
      ...(runtime === undefined || runtime === '' ? [] : [join(runtime, 'containers', 'auth.json')]),
      join(configHome, 'containers', 'auth.json'),
    ];
  }
}
