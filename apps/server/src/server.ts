import type { AddressInfo } from 'node:net';
import { type Engine, openEngine, openRegistryService, storeRoot, WherryError } from '@wherry/core';
import type { FastifyInstance } from 'fastify';
import { buildApp } from './app.ts';
import { isLoopbackAddress, requireLoopback } from './listen/address.ts';
import { limitConnections } from './operating/connection-limits.ts';
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
  /** A loopback address or `localhost`. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Absent: the process's own. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Those in force at the time of the call; absent: the defaults. */
  readonly settings?: () => StartSettings;
}

/** What the settings file says of how a service is run. */
export type StartSettings = Pick<ServiceSettings, 'listen' | 'limits' | 'metrics' | 'health'>;

export interface RunningServer {
  /** Where it listens, such as `http://127.0.0.1:5000`. */
  readonly url: string;
  /** Lets running requests finish for as long as the settings say, cuts the others, and closes the store. */
  close(): Promise<void>;
}

/** Makes the HTTP application of a registry alone, which listens nowhere yet. */
export function createServer(registry: RegistryBackend, options: ServerOptions = {}): FastifyInstance {
  return buildApp({ registry }, { log: options.log ?? SILENT, running: new RunningRequests() });
}

/**
 * Serves a store on loopback: its registry and the Docker Engine API. Throws `INVALID_ARGUMENT` for any other address, `CONFLICT` when
 * the port is taken.
 */
export async function startServer(options: StartOptions): Promise<RunningServer> {
  requireLoopback(options.host);
  const { root, env } = options;
  const place = { ...(root !== undefined && { root }), ...(env && { env }) };
  const registry = await openRegistryService(place);
  let engine: Engine | undefined;
  const closeParts = async () => {
    await engine?.[Symbol.asyncDispose]();
    await registry.close();
  };
  try {
    engine = await openEngine(place);
    await registry.removeStaleUploads(STALE_UPLOAD_MS);
    const running = new RunningRequests();
    const settings = options.settings ?? (() => DEFAULTS);
    const operating = openOperating({
      root: storeRoot(root, env ?? process.env),
      readMetadata: () => registry.listRepositories({ limit: 1 }),
      settings,
    });
    const { metrics, readiness, backend } = operating;
    const log = options.log ?? SILENT;
    const app = buildApp({ registry, engine, operating: backend }, { log, running, metrics });
    limitConnections(app.server, settings().limits);
    await listen(app, options);
    return {
      url: urlOf(app),
      close: async () => {
        readiness.drain();
        const cut = setTimeout(() => app.server.closeAllConnections(), settings().listen.drain);
        await app.close().finally(() => clearTimeout(cut));
        // Handlers outlive their sockets: an upload that was cut saves what it has.
        await running.settled();
        await closeParts();
      },
    };
  } catch (error) {
    await closeParts();
    throw error;
  }
}

async function listen(app: FastifyInstance, { host, port }: StartOptions): Promise<void> {
  try {
    await app.listen({ host, port });
  } catch (cause) {
    await app.close();
    if ((cause as { code?: unknown }).code !== 'EADDRINUSE') throw cause;
    throw new WherryError('CONFLICT', `address ${host}:${port} is in use`, {
      hint: 'choose another port with --addr',
      cause,
    });
  }
  // `localhost` is what the machine's hosts file says it is.
  const stranger = addressesOf(app).find(({ address }) => !isLoopbackAddress(address));
  if (!stranger) return;
  await app.close();
  requireLoopback(stranger.address);
}

function addressesOf(app: FastifyInstance): AddressInfo[] {
  return app.addresses().filter((address) => typeof address === 'object');
}

function urlOf(app: FastifyInstance): string {
  const [first] = addressesOf(app);
  if (!first) throw new Error('a listening server has an address');
  const host = first.family === 'IPv6' ? `[${first.address}]` : first.address;
  return `http://${host}:${first.port}`;
}
