import type { Socket } from 'node:net';

/** Bytes of one exchange, headers among them. */
export interface WireBytes {
  readonly received: number;
  readonly sent: number;
}

/**
 * Tells what an exchange cost on its connection, from the connection's own counters: streams are not touched,
 * and what a cut request had sent counts too.
 */
export class WireCounter {
  readonly #last = new WeakMap<Socket, WireBytes>();

  /** What passed since the exchange before it on the same connection. */
  take(socket: Socket): WireBytes {
    // A simulated connection of a test counts nothing.
    const now = { received: socket.bytesRead ?? 0, sent: socket.bytesWritten ?? 0 };
    const before = this.#last.get(socket);
    this.#last.set(socket, now);
    return { received: now.received - (before?.received ?? 0), sent: now.sent - (before?.sent ?? 0) };
  }
}
