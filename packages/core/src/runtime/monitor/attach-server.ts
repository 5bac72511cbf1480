import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { decodeFrames, encodeFrame } from './attach-protocol.ts';
import type { LogStream } from './log-writer.ts';
import type { TerminalSize } from './terminal.ts';

/** What those who are attached may do with a container. */
export interface AttachTarget {
  writeStdin(chunk: Uint8Array): Promise<unknown>;
  endStdin(): void;
  resize(size: TerminalSize): Promise<void>;
}

/** Lets others attach to a container: they get what it prints from then on, and may type. */
export class AttachServer implements AsyncDisposable {
  readonly #target: AttachTarget;
  readonly #path: string;
  readonly #clients = new Set<Socket>();
  #server: Server | undefined;
  #onClient = () => {};

  constructor(path: string, target: AttachTarget) {
    this.#path = path;
    this.#target = target;
  }

  /** Whoever may use the directory of the socket may attach. The lock of the monitor must be held. */
  async listen(): Promise<void> {
    // Of a monitor that was killed: only one can live.
    rmSync(this.#path, { force: true });
    const server = createServer((socket) => void this.#serve(socket));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#path, resolve);
    });
    server.unref();
  }

  /** Resolves when so many have come, or after `timeoutMs`. */
  async clients(count: number, timeoutMs: number): Promise<void> {
    if (this.#clients.size >= count) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#onClient = () => {
        if (this.#clients.size < count) return;
        clearTimeout(timer);
        resolve();
      };
    });
    this.#onClient = () => {};
  }

  /** Resolves when every client has room for more; one that is slow holds the container up, as with Docker. */
  async broadcast(stream: LogStream, bytes: Uint8Array): Promise<void> {
    const frame = encodeFrame({ kind: stream, bytes });
    await Promise.all([...this.#clients].map((client) => writeAll(client, frame)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ends = [...this.#clients].map(
      (client) => new Promise<void>((resolve) => client.end(resolve).once('close', resolve)),
    );
    this.#server?.close();
    await Promise.all(ends);
    rmSync(this.#path, { force: true });
  }

  async #serve(socket: Socket): Promise<void> {
    this.#clients.add(socket);
    this.#onClient();
    socket.on('error', () => socket.destroy());
    let typed = false;
    try {
      for await (const frame of decodeFrames(socket)) {
        if (frame.kind === 'stdin') {
          typed = true;
          await this.#target.writeStdin(frame.bytes);
        } else if (frame.kind === 'stdin-end') this.#target.endStdin();
        else if (frame.kind === 'resize') await this.#target.resize(frame);
        else if (frame.kind === 'detach') typed = false;
      }
      // Gone without a farewell: nobody will end what it began to type.
      if (typed) this.#target.endStdin();
    } catch {
      // Whoever breaks off, talks nonsense or asks for what can't be done loses the connection. Nothing that one
      // client does may end the monitor: the container would be held up for all.
    } finally {
      this.#clients.delete(socket);
      socket.destroy();
    }
  }
}

async function writeAll(socket: Socket, bytes: Uint8Array): Promise<void> {
  if (socket.destroyed || socket.write(bytes)) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.once('drain', done);
    socket.once('close', done);
  });
}
