import type { Socket } from 'node:net';

/** What is known of a connection besides what it sends. */
export interface Connection {
  readonly kind: 'tcp' | 'unix';
  /** Its listener can be reached from this machine alone. */
  readonly isLocal: boolean;
  readonly isEncrypted: boolean;
  /** Whom the client certificate names that one of our authorities signed; absent: there is none. */
  readonly certificate?: string;
  /** Where it comes from; empty for a Unix socket. */
  readonly address: string;
}

/** A socket that is cut forgets its addresses, and must not be taken for another kind then. */
const CONNECTIONS = new WeakMap<Socket, Connection>();

/** Whatever reaches the application without a listener of ours is not trusted with more than loopback is. */
const UNKNOWN: Connection = { kind: 'tcp', isLocal: true, isEncrypted: false, address: '127.0.0.1' };

export function rememberConnection(socket: Socket, connection: Connection): void {
  CONNECTIONS.set(socket, connection);
}

export function connectionOf(socket: Socket): Connection {
  return CONNECTIONS.get(socket) ?? UNKNOWN;
}
