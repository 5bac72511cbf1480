import { constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { isErrno } from '../../errors.ts';

/** Writes into a container's input. What can no longer be delivered, because the container ended, is dropped. */
export class PipeWriter {
  #socket: Socket | undefined;

  /** `fd` becomes the writer's. */
  constructor(fd: number) {
    this.#socket = new Socket({ fd, readable: false, writable: true });
    this.#socket.on('error', () => this.close());
    // Input that nobody reads keeps no process alive.
    this.#socket.unref();
  }

  /** Opens a named pipe; `undefined` when nobody reads it any more. */
  static open(path: string): PipeWriter | undefined {
    try {
      return new PipeWriter(openSync(path, constants.O_WRONLY | constants.O_NONBLOCK));
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENXIO')) return undefined;
      throw error;
    }
  }

  /** Resolves when the pipe has taken the chunk; `false`: it takes none any more. */
  async write(chunk: Uint8Array): Promise<boolean> {
    const socket = this.#socket;
    if (socket === undefined) return false;
    await new Promise<void>((resolve) => {
      socket.once('close', resolve);
      socket.write(chunk, () => {
        socket.off('close', resolve);
        resolve();
      });
    });
    return this.#socket !== undefined;
  }

  /** Ends the input, unless someone else holds it open; what was written before still arrives. */
  close(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.end(() => socket.destroy());
  }
}
