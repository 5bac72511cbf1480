import {
  type Engine,
  type EngineOptions,
  type MirrorService,
  type OpenedRegistryService,
  openEngine,
  openMirrorService,
  openRegistryService,
  storeRoot,
} from '@wherry/core';
import type { FastifyInstance } from 'fastify';
import { accessPlaces, isAccessControlled, type OpenAccess, openAccess } from './access/open-access.ts';
import { buildApp } from './app.ts';
import { HouseKeeper, observedBy } from './housekeeping/keep-house.ts';
import type { HousekeepingSettings } from './housekeeping/settings.ts';
import type { ListenAddress } from './listen/address.ts';
import { openListeners } from './listen/listeners.ts';
import type { ListenLimits } from './listen/settings.ts';
import type { TlsFiles } from './listen/tls-files.ts';
import { DEFAULT_MIRROR_SETTINGS, type MirrorSettings } from './mirror/settings.ts';
import { type Logger, SILENT } from './operating/logger.ts';
import { openOperating } from './operating/operating.ts';
import type { RegistryBackend } from './registry/backend.ts';
import { RunningRequests } from './running-requests.ts';
import { defaultSettings, type ServiceSettings } from './settings/service-settings.ts';

/** Upload sessions that nobody has used for this long are forgotten at the start. */
const STALE_UPLOAD_MS = 24 * 60 * 60 * 1000;

const DEFAULTS = defaultSettings();

export interface ServerOptions {
  /** Gets a line per finished request and per fault; absent: nothing is logged. */
  readonly log?: Logger;
}

export interface StartOptions extends ServerOptions {
  /** Directory of the store; absent: as the engine chooses it. */
  readonly root?: string;
  /** An address to listen on, besides those in `listen`. */
  readonly host?: string;
  /** 0: any free port. */
  readonly port?: number;
  readonly listen?: ListenOptions;
  /** TOML file with the `[access]` table; absent: what the store has of accounts and tokens counts. */
  readonly accessFile?: string;
  /** Absent: the process's own. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** As in `EngineOptions`: where credentials and the rules about registries are. */
  readonly configFile?: string;
  readonly dockerConfigDir?: string;
  /** Instead of what the settings say. */
  readonly housekeeping?: Partial<HousekeepingSettings>;
  /** Absent: nothing is mirrored. */
  readonly mirror?: Partial<MirrorSettings>;
  /** Those in force at the time of the call; absent: the defaults. */
  readonly settings?: () => StartSettings;
  /** Calls the listener after each change of theirs; absent: they do not change. */
  readonly onSettings?: (listener: () => void) => void;
}

/** What the settings file says of how a service is run. */
export type StartSettings = Pick<ServiceSettings, 'listen' | 'registry' | 'metrics' | 'health'> &
  HousekeepingSettings;

/** Where and how the service listens. */
export interface ListenOptions {
  readonly addresses: readonly ListenAddress[];
  /** File descriptors of sockets that are open already. */
  readonly inherited?: readonly number[];
  readonly tls?: TlsFiles;
  readonly socketGroup?: string;
  /** Listens where other machines reach it without TLS or access control. */
  readonly isInsecure?: boolean;
  readonly limits?: ListenLimits;
}

export interface RunningServer {
  /** Where it listens first, such as `http://127.0.0.1:5000`. */
  readonly url: string;
  /** All places where it listens. */
  readonly urls: readonly string[];
  /** Lets running requests finish for as long as the settings say, cuts the others, and closes the store. */
  close(): Promise<void>;
}

/** Makes the HTTP application of a registry alone, which listens nowhere yet. */
export function createServer(registry: RegistryBackend, options: ServerOptions = {}): FastifyInstance {
  return buildApp({ registry }, { log: options.log ?? SILENT, running: new RunningRequests() });
}

/**
 * Serves a store: its registry and the Docker Engine API. Throws `INVALID_ARGUMENT` for an address that other
 * machines reach without TLS and access control, `INVALID_CONFIG` for files that are wrong, `CONFLICT` when an
 * address is taken.
 */
export async function startServer(options: StartOptions): Promise<RunningServer> {
  const { root, env, log = SILENT, settings = () => DEFAULTS } = options;
  const parts = await openParts(options, log, settings);
  try {
    const { registry, engine, access, keeper, mirror } = parts;
    const running = new RunningRequests();
    const operating = openOperating({ root: storeRoot(root, env ?? process.env), registry, settings });
    const { metrics, readiness, backend } = operating;
    const accelRedirect = () => settings().registry.accelRedirect;
    const surroundings = { log, running, metrics, accelRedirect, ...(access && { access: access.control }) };
    const app = buildApp({ registry, engine, operating: backend, ...(mirror && { mirror }) }, surroundings);
    keeper.count(metrics);
    keeper.follow(app);
    options.onSettings?.(() => keeper.update({ ...settings(), ...options.housekeeping }));
    await app.ready();
    const hasAccessControl = access !== undefined;
    const listeners = await openListeners(app, { ...listenOptions(options), hasAccessControl, log });
    return {
      url: listeners.urls[0] ?? '',
      urls: listeners.urls,
      close: async () => {
        readiness.drain();
        const cut = setTimeout(() => listeners.cut(), settings().listen.drain);
        await Promise.all([listeners.close(), app.close()]).finally(() => clearTimeout(cut));
        // Handlers outlive their sockets: an upload that was cut saves what it has.
        await Promise.all([running.settled(), mirror?.backend.close()]);
        await parts.close();
      },
    };
  } catch (error) {
    await parts.close();
    throw error;
  }
}

/** What answers requests, over one store. */
interface OpenedParts {
  readonly registry: OpenedRegistryService;
  readonly engine: Engine;
  readonly keeper: HouseKeeper;
  readonly access: OpenAccess | undefined;
  readonly mirror: { readonly backend: MirrorService; readonly hosts: MirrorSettings['hosts'] } | undefined;
  close(): Promise<void>;
}

async function openParts(
  options: StartOptions,
  log: Logger,
  settings: () => StartSettings,
): Promise<OpenedParts> {
  const { root, env, configFile, dockerConfigDir } = options;
  const place = {
    ...(root !== undefined && { root }),
    ...(env && { env }),
    ...(configFile && { configFile }),
    ...(dockerConfigDir && { dockerConfigDir }),
  };
  const closers: (() => unknown)[] = [];
  const close = async () => {
    for (const one of closers.splice(0).reverse()) await one();
  };
  try {
    const housekeeping = { ...settings(), ...options.housekeeping };
    const registry = await openRegistryService({ ...place, ...observedBy(housekeeping, log) });
    closers.push(() => registry.close());
    await registry.removeStaleUploads(STALE_UPLOAD_MS);
    const engine = openEngine(place);
    closers.push(() => engine.close());
    const mirrorSettings = { ...DEFAULT_MIRROR_SETTINGS, ...options.mirror };
    const mirror = await openMirror(mirrorSettings, place);
    if (mirror) closers.push(() => mirror.backend.close());
    const access = await accessFor(options, log);
    if (access) closers.push(() => access.close());
    const keeper = new HouseKeeper(registry, housekeeping, log);
    closers.push(() => keeper[Symbol.asyncDispose]());
    return { registry, engine, keeper, access, mirror, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openMirror(settings: MirrorSettings, place: EngineOptions): Promise<OpenedParts['mirror']> {
  if (settings.upstreams.length === 0) return undefined;
  return { backend: await openMirrorService({ ...place, ...settings }), hosts: settings.hosts };
}

/** Access is controlled as soon as there is anything to control it by. */
async function accessFor(
  { root, env = process.env, accessFile, listen, mirror }: StartOptions,
  log: Logger,
): Promise<OpenAccess | undefined> {
  const places = await accessPlaces(storeRoot(root, env), accessFile, env);
  const isWanted = listen?.tls?.clientCa !== undefined || (await isAccessControlled(places));
  const mirrored = (mirror?.upstreams ?? []).map(({ name }) => name);
  return isWanted ? openAccess({ places, log, mirrored }) : undefined;
}

function listenOptions({ host, port, listen }: StartOptions) {
  const { addresses = [], inherited = [], isInsecure = false, limits = DEFAULTS.limits } = listen ?? {};
  const own: ListenAddress[] = host === undefined ? [] : [{ kind: 'tcp', host, port: port ?? 0 }];
  return {
    addresses: [...own, ...addresses],
    inherited,
    isInsecure,
    limits,
    ...(listen?.tls && { tls: listen.tls }),
    ...(listen?.socketGroup !== undefined && { socketGroup: listen.socketGroup }),
  };
}
