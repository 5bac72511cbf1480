import { connect, type Socket } from 'node:net';
import { systemClock } from '../../clock.ts';
import { isErrno, WherryError } from '../../errors.ts';
import type { ContainerPaths } from '../container-directory.ts';
import { type AttachFrame, decodeFrames, encodeFrame } from './attach-protocol.ts';
import type { OutputSink } from './monitor.ts';
import type { TerminalSize } from './terminal.ts';

/** A monitor that was started a moment ago needs this long at most to listen. */
const CONNECT_MS = 5000;
const RETRY_MS = 20;

/** A connection to a running container: its output from now on, and its input. */
export interface Attachment extends AsyncDisposable {
  /** Hands over what the container prints; resolves when its output has ended or we have left. */
  output(sink: OutputSink): Promise<void>;
  write(chunk: Uint8Array): Promise<boolean>;
  endStdin(): Promise<void>;
  resize(size: TerminalSize): Promise<void>;
  /** Leaves; the container and its input stay as they are. */
  detach(): Promise<void>;
}

/** Attaches to a container that another process monitors. Throws `CONFLICT` when none does. */
export async function attachToContainer(paths: ContainerPaths, signal?: AbortSignal): Promise<Attachment> {
  for (let waited = 0; ; waited += RETRY_MS) {
    const socket = await tryConnect(paths.attachSocket);
    if (socket !== undefined) return new SocketAttachment(socket);
    if (waited >= CONNECT_MS)
      throw new WherryError('CONFLICT', `${paths.directory}: no process monitors the container`);
    await systemClock.sleep(RETRY_MS, signal);
  }
}

class SocketAttachment implements Attachment {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => socket.destroy());
  }

  async output(sink: OutputSink): Promise<void> {
    try {
      for await (const frame of decodeFrames(this.#socket))
        if (frame.kind === 'stdout' || frame.kind === 'stderr') await sink(frame.kind, frame.bytes);
    } catch (error) {
      // The monitor was killed, or we have left.
      if (!isErrno(error, 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE')) throw error;
    }
  }

  async write(bytes: Uint8Array): Promise<boolean> {
    await this.#send({ kind: 'stdin', bytes });
    return !this.#socket.destroyed;
  }

  endStdin(): Promise<void> {
    return this.#send({ kind: 'stdin-end' });
  }

  resize({ rows, columns }: TerminalSize): Promise<void> {
    return this.#send({ kind: 'resize', rows, columns });
  }

  async detach(): Promise<void> {
    await this.#send({ kind: 'detach' });
    this.#socket.end();
    this.#socket.destroySoon();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
  }

  async #send(frame: AttachFrame): Promise<void> {
    if (this.#socket.destroyed) return;
    await new Promise<void>((resolve) => {
      this.#socket.write(encodeFrame(frame), () => resolve());
    });
  }
}

async function tryConnect(path: string): Promise<Socket | undefined> {
  return await new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', (error) => {
      if (isErrno(error, 'ENOENT', 'ECONNREFUSED')) resolve(undefined);
      else reject(error);
    });
  });
}
