import { homedir } from 'node:os';
import type { RegistryConfig } from '../config/registry-config.ts';
import type { LayerPassPool } from '../layer/pass-pool.ts';
import type { Platform } from '../platform.ts';
import type { RegistryClient } from '../registry/registry-client.ts';
import type { Transport } from '../registry/transport.ts';
import type { EngineOptions } from './engine.ts';
import { type GivenAccess, type GivenCredentials, givenCredentialStore } from './given-credentials.ts';
import type { Store } from './store/store.ts';

export interface PartsOptions {
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly host: Platform;
  readonly options: EngineOptions;
}

type HostTrust = Awaited<ReturnType<RegistryConfig['trustFor']>>;

/** Layers at once when nothing else is said: what two cores can unpack, and one more on its way. */
const DEFAULT_JOBS = 4;
/** Blobs at once that nobody unpacks: each waits for two registries, and takes no more than a few chunks. */
const COPY_JOBS = 6;

/** What an engine's verbs need, each made when a verb first asks for it, and closed with the engine. */
export class Parts {
  readonly #options: PartsOptions;
  /** Whose store, connections and threads these parts have. */
  readonly #base: Parts | undefined;
  readonly #given: readonly GivenCredentials[];
  readonly #verifyTls: boolean;
  #transport: Promise<Transport & AsyncDisposable> | undefined;
  /** Takes any certificate; apart, as connections that were proved by none are for no other request. */
  #unverified: Promise<Transport & AsyncDisposable> | undefined;
  #store: Promise<Store> | undefined;
  #config: Promise<RegistryConfig> | undefined;
  #registry: Promise<RegistryClient> | undefined;
  #passes: LayerPassPool | undefined;
  #closed: Promise<void> | undefined;

  constructor(
    options: PartsOptions,
    base?: Parts,
    given: readonly GivenCredentials[] = [],
    { verifyTls = true }: GivenAccess = {},
  ) {
    this.#options = options;
    this.#base = base;
    this.#given = given;
    this.#verifyTls = verifyTls;
  }

  /** The same but for who asks: what is stored of credentials is left alone. Nothing of it wants closing. */
  withCredentials(given: readonly GivenCredentials[], access?: GivenAccess): Parts {
    return new Parts(this.#options, this, given, access);
  }

  /** For verbs that look at the store alone. */
  async local() {
    return { store: await this.#openStore(), host: this.#options.host, now: () => new Date() };
  }

  /** For verbs that look into layers. */
  async layers() {
    const passes = await this.#loadPasses();
    return { ...(await this.local()), passes, jobs: this.#options.options.jobs ?? DEFAULT_JOBS };
  }

  /** For verbs that fetch or send layers. */
  async transfer() {
    const { registry, trustRules, jobs } = await this.access();
    return { ...(await this.layers()), registry, trustRules, jobs };
  }

  /** For builds, which need registries and containers only sometimes. */
  async builds() {
    return {
      ...(await this.layers()),
      env: this.#options.env,
      transfer: () => this.transfer(),
      openTransport: async () => (await this.download()).openTransport(),
      cacheLimit: async () => (await this.settings()).buildCacheLimit,
      containers: () => this.containers(),
    };
  }

  /** For verbs that talk to registries and leave the store alone. */
  async access(defaultJobs = DEFAULT_JOBS) {
    const [config, registry] = [await this.#readConfig(), await this.#openRegistry()];
    const jobs = this.#options.options.jobs ?? config.jobs ?? defaultJobs;
    const { credentials, trustRules } = config;
    return { host: this.#options.host, registry, credentials, trustRules, jobs };
  }

  /** For verbs that take images from one place to another, past the store. */
  async copies() {
    const access = await this.access(COPY_JOBS);
    return { ...access, loadPasses: () => this.#loadPasses() };
  }

  /** For verbs on containers. */
  async containers() {
    const { containerDeps } = await import('./containers/open-containers.ts');
    return containerDeps(await this.#openStore(), this.#options.host);
  }

  /** For what tells of the configuration. */
  async settings() {
    const config = await this.#readConfig();
    return {
      host: this.#options.host,
      registryMirrors: config.dockerMirrors.map((mirror) => mirror.url),
      insecureRegistries: config.insecureRegistries,
      configFile: config.configFile,
      pruneFilters: config.pruneFilters,
      buildCacheLimit: config.buildCacheLimit,
    };
  }

  /** For what fetches a plain URL. */
  async download() {
    const { UndiciTransport } = await import('../registry/undici-transport.ts');
    const { proxyFor, trustFor } = await this.#readConfig();
    return { ...(await this.layers()), openTransport: () => new UndiciTransport({ proxyFor, trustFor }) };
  }

  /** Settles when all is closed, also for whoever asks again. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.#passes?.close();
    await (await this.#registry?.catch(() => undefined))?.close();
    for (const transport of [this.#transport, this.#unverified])
      await (await transport?.catch(() => undefined))?.[Symbol.asyncDispose]();
    (await this.#store?.catch(() => undefined))?.close();
  }

  async #loadPasses(): Promise<() => LayerPassPool> {
    if (this.#base) return this.#base.#loadPasses();
    const { LayerPassPool: Pool } = await import('../layer/pass-pool.ts');
    return () => {
      this.#passes ??= new Pool();
      return this.#passes;
    };
  }

  #openStore(): Promise<Store> {
    if (this.#base) return this.#base.#openStore();
    this.#requireOpen();
    this.#store ??= import('./store/open-store.ts').then(({ openStore }) => openStore(this.#options.root));
    return this.#store;
  }

  #readConfig(): Promise<RegistryConfig> {
    if (this.#base) return this.#base.#configFor(this.#given, this.#verifyTls);
    const { env, options } = this.#options;
    const home = env.HOME || homedir();
    this.#config ??= import('../config/registry-config.ts').then(({ loadRegistryConfig }) =>
      loadRegistryConfig({
        env,
        home,
        ...(options.credentialHelpers === false && { credentialHelpers: false }),
        ...(options.configFile && { configFile: options.configFile }),
        ...(options.dockerConfigDir && { dockerConfigDir: options.dockerConfigDir }),
      }),
    );
    return this.#config;
  }

  async #configFor(given: readonly GivenCredentials[], verifyTls: boolean): Promise<RegistryConfig> {
    const config = { ...(await this.#readConfig()), credentials: givenCredentialStore(given) };
    return verifyTls ? config : { ...config, isInsecure: () => true };
  }

  #openRegistry(): Promise<RegistryClient> {
    this.#requireOpen();
    this.#registry ??= this.#connect();
    return this.#registry;
  }

  async #connect(): Promise<RegistryClient> {
    const [{ createRegistryClient }, transport, config] = await Promise.all([
      import('../registry/client.ts'),
      this.#openTransport(),
      this.#readConfig(),
    ]);
    // Without what closes it: the clients of requests come and go, the connections stay.
    return createRegistryClient({
      transport: { send: (request, signal) => transport.send(request, signal) },
      config,
    });
  }

  #openTransport(verifyTls = this.#verifyTls): Promise<Transport & AsyncDisposable> {
    if (this.#base) return this.#base.#openTransport(verifyTls);
    this.#requireOpen();
    if (!verifyTls) {
      this.#unverified ??= this.#makeTransport((trust) => ({ ...trust, verify: false }));
      return this.#unverified;
    }
    this.#transport ??= this.#makeTransport((trust) => trust);
    return this.#transport;
  }

  async #makeTransport(adapt: (trust: HostTrust) => HostTrust): Promise<Transport & AsyncDisposable> {
    const { UndiciTransport } = await import('../registry/undici-transport.ts');
    const { proxyFor, trustFor } = await this.#readConfig();
    return new UndiciTransport({ proxyFor, trustFor: async (url) => adapt(await trustFor(url)) });
  }

  #requireOpen(): void {
    if (this.#closed) throw new Error('the engine is closed');
  }
}
