import type { AddressInfo } from 'node:net';
import {
  type Engine,
  type MirrorService,
  openEngine,
  openMirrorService,
  openRegistryService,
  WherryError,
} from '@wherry/core';
import type { FastifyInstance } from 'fastify';
import { buildApp } from './app.ts';
import { isLoopbackAddress, requireLoopback } from './listen/address.ts';
import { DEFAULT_MIRROR_SETTINGS, type MirrorSettings } from './mirror/settings.ts';
import type { RegistryBackend } from './registry/backend.ts';
import { RunningRequests } from './running-requests.ts';

/** How long running requests may take to finish once the server is told to close. */
const CLOSE_GRACE_MS = 3_000;
/** Upload sessions that nobody has used for this long are forgotten at the start. */
const STALE_UPLOAD_MS = 24 * 60 * 60 * 1000;

export interface ServerOptions {
  /** Gets one line per finished request and per fault; absent: nothing is logged. */
  readonly log?: (line: string) => void;
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
  /** As in `EngineOptions`: where credentials and the rules about registries are. */
  readonly configFile?: string;
  readonly dockerConfigDir?: string;
  /** Absent: nothing is mirrored. */
  readonly mirror?: Partial<MirrorSettings>;
}

export interface RunningServer {
  /** Where it listens, such as `http://127.0.0.1:5000`. */
  readonly url: string;
  /** Lets running requests finish for a few seconds, cuts the others, and closes the store. */
  close(): Promise<void>;
}

/** Makes the HTTP application of a registry alone, which listens nowhere yet. */
export function createServer(registry: RegistryBackend, options: ServerOptions = {}): FastifyInstance {
  return buildApp({ registry }, { log: options.log ?? (() => {}), running: new RunningRequests() });
}

/**
 * Serves a store on loopback: its registry and the Docker Engine API. Throws `INVALID_ARGUMENT` for any other address, `CONFLICT` when
 * the port is taken.
 */
export async function startServer(options: StartOptions): Promise<RunningServer> {
  requireLoopback(options.host);
  const { root, env, configFile, dockerConfigDir } = options;
  const place = {
    ...(root !== undefined && { root }),
    ...(env && { env }),
    ...(configFile && { configFile }),
    ...(dockerConfigDir && { dockerConfigDir }),
  };
  const registry = await openRegistryService(place);
  let engine: Engine | undefined;
  let mirror: MirrorService | undefined;
  const mirrorSettings = { ...DEFAULT_MIRROR_SETTINGS, ...options.mirror };
  const closeParts = async () => {
    await mirror?.close();
    await engine?.[Symbol.asyncDispose]();
    await registry.close();
  };
  try {
    engine = await openEngine(place);
    await registry.removeStaleUploads(STALE_UPLOAD_MS);
    if (mirrorSettings.upstreams.length > 0)
      mirror = await openMirrorService({ ...place, ...mirrorSettings });
    const mirrorPart = mirror && { mirror: { backend: mirror, hosts: mirrorSettings.hosts } };
    const running = new RunningRequests();
    const parts = { registry, engine, ...mirrorPart };
    const app = buildApp(parts, { log: options.log ?? (() => {}), running });
    await listen(app, options);
    return {
      url: urlOf(app),
      close: async () => {
        const cut = setTimeout(() => app.server.closeAllConnections(), CLOSE_GRACE_MS);
        await app.close().finally(() => clearTimeout(cut));
        // Handlers outlive their sockets: an upload that was cut saves what it has.
        await Promise.all([running.settled(), mirror?.close()]);
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
