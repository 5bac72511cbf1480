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
  /** What each connection had counted at the end of its last exchange. */
  readonly #last = new WeakMap<Socket, { received: number; sent: number }>();

  /** What passed since the exchange before it on the same connection. */
  take(socket: Socket): WireBytes {
    // A simulated connection of a test counts nothing.
    const { bytesRead = 0, bytesWritten = 0 } = socket;
    const last = this.#last.get(socket);
    if (last === undefined) {
      this.#last.set(socket, { received: bytesRead, sent: bytesWritten });
      return { received: bytesRead, sent: bytesWritten };
    }
    const taken = { received: bytesRead - last.received, sent: bytesWritten - last.sent };
    last.received = bytesRead;
    last.sent = bytesWritten;
    return taken;
  }
}
