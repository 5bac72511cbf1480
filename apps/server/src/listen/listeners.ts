import { createServer as createPlainServer, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { isErrno, isWherryError, WherryError } from '@wherry/core';
import type { FastifyInstance } from 'fastify';
import { watchFiles } from '../access/watched-files.ts';
import type { Logger } from '../operating/logger.ts';
import { exposureOf, type ListenAddress, type Protection, requireProtection } from './address.ts';
import { type Connection, rememberConnection } from './connection.ts';
import type { ListenLimits } from './settings.ts';
import { guardAgainstStalls } from './stall-guard.ts';
import { unixPathOf } from './systemd.ts';
import { readTlsFiles, type TlsFiles, type TlsMaterial } from './tls-files.ts';
import { listenOnSocket } from './unix-socket.ts';

export interface ListenRequest {
  readonly addresses: readonly ListenAddress[];
  /** File descriptors of sockets that somebody else has opened. */
  readonly inherited: readonly number[];
  readonly tls?: TlsFiles;
  readonly socketGroup?: string;
  readonly hasAccessControl: boolean;
  readonly isInsecure: boolean;
  readonly limits: ListenLimits;
  readonly log: Logger;
}

/** Open listeners of one application. */
export interface Listeners {
  /** Such as `http://127.0.0.1:5000` and `unix:///run/wherry.sock`, in the order of the addresses. */
  readonly urls: readonly string[];
  /** Takes no more connections; resolves when those there are have ended. */
  close(): Promise<void>;
  /** Ends all connections. */
  cut(): void;
}

interface OpenListener {
  readonly server: Server | TlsServer;
  /** All of them: those that a route has taken over, Node's server knows no more. */
  readonly sockets: ReadonlySet<Socket>;
  readonly url: string;
}

const UNIX: Connection = { kind: 'unix', isEncrypted: false, address: '' };
const MAX_HEADER_BYTES = 16 * 1024;
/** Longer than the pauses of a push or pull: each new connection is a handshake. */
const KEEP_ALIVE_MS = 60_000;
const HANDSHAKE_MS = 10_000;
const MAX_CHECK_MS = 5_000;

/** Opens all listeners, or none. Throws `CONFLICT` for an address in use, `INVALID_ARGUMENT` for one unprotected. */
export async function openListeners(app: FastifyInstance, request: ListenRequest): Promise<Listeners> {
  const open: OpenListener[] = [];
  const closeAll = () => Promise.all(open.map(({ server }) => closeServer(server)));
  try {
    const material = request.tls && (await readTlsFiles(request.tls));
    for (const address of request.addresses) open.push(await openOne(app, { address, material }, request));
    for (const fd of request.inherited) open.push(await openOne(app, { fd, material }, request));
    const watched = request.tls && (await renewCertificates(request.tls, open, request.log));
    return {
      urls: open.map(({ url }) => url),
      cut: () => {
        for (const { sockets } of open) for (const socket of sockets) socket.destroy();
      },
      close: async () => {
        watched?.close();
        await closeAll();
      },
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

interface Place {
  readonly address?: ListenAddress;
  readonly fd?: number;
  readonly material: TlsMaterial | undefined;
}

async function openOne(app: FastifyInstance, place: Place, request: ListenRequest): Promise<OpenListener> {
  const { address, fd } = place;
  const socketPath =
    address?.kind === 'unix' ? address.path : fd === undefined ? undefined : await unixPathOf(fd);
  const isPlain = socketPath !== undefined || (address?.kind === 'tcp' && address.isPlain === true);
  const material = isPlain ? undefined : place.material;
  const protection = { hasAccessControl: request.hasAccessControl, hasTls: material !== undefined };
  const server = material ? tlsServer(material, request.limits) : createPlainServer(limitsOf(request.limits));
  const sockets = followSockets(server);
  serve(server, app, { limits: request.limits, isUnix: socketPath !== undefined });
  try {
    if (address?.kind === 'unix') await listenOnSocket(server, address.path, request.socketGroup);
    else if (address) await listenOnHost(server, address, protection, request);
    else await listening(server, () => server.listen({ fd }));
    const url = socketPath === undefined ? settle(server, protection, request) : `unix://${socketPath}`;
    return { server, sockets, url };
  } catch (error) {
    await closeServer(server);
    throw error;
  }
}

async function listenOnHost(
  server: Server,
  { host, port }: Extract<ListenAddress, { kind: 'tcp' }>,
  protection: Protection,
  { isInsecure }: ListenRequest,
): Promise<void> {
  if (!isInsecure) requireProtection(host, protection);
  try {
    await listening(server, () => server.listen({ host, port }));
  } catch (cause) {
    throw refusedAddress(cause, `address ${host}:${port}`) ?? cause;
  }
}

function refusedAddress(cause: unknown, address: string): WherryError | undefined {
  if (isErrno(cause, 'EADDRINUSE'))
    return new WherryError('CONFLICT', `${address} is in use`, {
      hint: 'choose another port with --addr',
      cause,
    });
  if (isErrno(cause, 'EADDRNOTAVAIL', 'ENOTFOUND'))
    return new WherryError('INVALID_ARGUMENT', `${address} is not one of this machine's`, { cause });
  if (isErrno(cause, 'EACCES'))
    return new WherryError('PERMISSION_DENIED', `${address}: permission denied`, {
      hint: 'ports below 1024 are for root, or for a socket unit of systemd',
      cause,
    });
  return undefined;
}

/** Looks at where the server really listens: `localhost` is what the machine's hosts file says it is. */
function settle(server: Server, protection: Protection, { isInsecure, log }: ListenRequest): string {
  const bound = boundTo(server);
  if (bound === undefined) throw new Error('a listening server has an address');
  const exposure = exposureOf(bound.address, protection);
  if (exposure !== undefined && !isInsecure) requireProtection(bound.address, protection);
  if (exposure !== undefined) log.warn(exposure);
  return urlOf(bound, protection.hasTls);
}

function describeTcp(socket: Socket): Connection {
  const certificate = certificateOf(socket);
  return {
    kind: 'tcp',
    isEncrypted: socket instanceof TLSSocket,
    address: socket.remoteAddress ?? '',
    ...(certificate !== undefined && { certificate }),
  };
}

/**
 * The name in a certificate that one of our authorities has signed. Node calls a resumed session authorized
 * though no certificate was shown in it: the certificate itself has to be there.
 */
function certificateOf(socket: Socket): string | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const certificate = socket.getPeerX509Certificate();
  return certificate && (/^CN=(.+)$/m.exec(certificate.subject)?.[1] ?? certificate.fingerprint256);
}

function tlsServer(material: TlsMaterial, limits: ListenLimits): TlsServer {
  return createTlsServer({
    ...limitsOf(limits),
    ...material,
    handshakeTimeout: HANDSHAKE_MS,
    // Those without a certificate may have a password or a token.
    requestCert: material.ca !== undefined,
    rejectUnauthorized: false,
  });
}

function limitsOf({ headerTimeout: headersTimeout }: ListenLimits) {
  return {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout,
    // A layer takes as long as it takes: what stands still is cut by the guard.
    requestTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: Math.min(MAX_CHECK_MS, headersTimeout),
  };
}

function serve(
  server: Server,
  app: FastifyInstance,
  { limits, isUnix }: { readonly limits: ListenLimits; readonly isUnix: boolean },
): void {
  server.maxConnections = limits.maxConnections;
  guardAgainstStalls(server, limits.stallTimeout);
  // The one comes before the other's handler makes a request of what is sent.
  const event = 'setSecureContext' in server ? 'secureConnection' : 'connection';
  server.prependListener(event, (socket: Socket) =>
    rememberConnection(socket, isUnix ? UNIX : describeTcp(socket)),
  );
  server.on('request', (request, response) => app.routing(request, response));
  // What the application wants to hear of its one server, it hears of all.
  for (const event of ['upgrade', 'clientError', 'checkContinue', 'connect'])
    if (app.server.listenerCount(event) > 0) server.on(event, (...all) => app.server.emit(event, ...all));
}

async function renewCertificates(files: TlsFiles, open: readonly OpenListener[], log: Logger) {
  const paths = [files.cert, files.key, ...(files.clientCa === undefined ? [] : [files.clientCa])];
  return watchFiles(paths, async () => {
    try {
      const material = await readTlsFiles(files);
      for (const { server } of open) if ('setSecureContext' in server) server.setSecureContext(material);
      log.info(`the certificate was read again from ${files.cert}`);
    } catch (error) {
      const reason = isWherryError(error) ? error.message : String(error);
      log.error(`the certificate stays what it was: ${reason}`);
    }
  });
}

function followSockets(server: Server): ReadonlySet<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

/** Absent: it does not listen, or not with TCP. */
function boundTo(server: Server): AddressInfo | undefined {
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? bound : undefined;
}

function listening(server: Server, listen: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      resolve();
    });
    listen();
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // Its only error says that it was not open.
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}

function urlOf({ address, family, port }: AddressInfo, hasTls: boolean): string {
  return `${hasTls ? 'https' : 'http'}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
