import type { Socket } from 'node:net';

/** What is known of a connection besides what it sends. */
export interface Connection {
  /** `none`: it came through no listener of ours. */
  readonly kind: 'tcp' | 'unix' | 'none';
  readonly isEncrypted: boolean;
  /** Whom the client certificate names that one of our authorities signed; absent: there is none. */
  readonly certificate?: string;
  /** Where it comes from; empty for a Unix socket. */
  readonly address: string;
}

/** A socket that is cut forgets its addresses, and must not be taken for another kind then. */
const CONNECTIONS = new WeakMap<Socket, Connection>();

/** Whoever has the application in hand may give it requests without a listener. */
const UNKNOWN: Connection = { kind: 'none', isEncrypted: false, address: '127.0.0.1' };

export function rememberConnection(socket: Socket, connection: Connection): void {
  CONNECTIONS.set(socket, connection);
}

export function connectionOf(socket: Socket): Connection {
  return CONNECTIONS.get(socket) ?? UNKNOWN;
}
