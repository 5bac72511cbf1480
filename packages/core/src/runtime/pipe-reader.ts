import { closeSync, constants, openSync, readSync } from 'node:fs';
import { Socket } from 'node:net';
import { isErrno } from '../errors.ts';

const FIRST_READ_BYTES = 64 << 10;

/**
 * Reads a named pipe to its end, which comes when all writers are gone. It can be let go of in between without
 * losing a byte: what was not taken yet lies in the pipe, for the next reader.
 */
export class PipeReader {
  readonly #path: string;
  readonly #fd: number | undefined;
  #socket: Socket | undefined;
  #isReleased = false;
  #left: Uint8Array[] = [];

  /** `fd`, of the pipe opened for reading without blocking, becomes the reader's; absent: it is opened. */
  constructor(path: string, fd?: number) {
    this.#path = path;
    this.#fd = fd;
  }

  /** The bytes, each chunk once the one before has been dealt with. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    const opened = openPipe(this.#path, this.#fd);
    if (opened === undefined) return;
    if (opened.first.length > 0) yield opened.first;
    if (opened.fd === undefined) return;
    if (this.#isReleased) return closeSync(opened.fd);
    this.#socket = new Socket({ fd: opened.fd, readable: true, writable: false });
    try {
      for await (const chunk of this.#socket) yield chunk as Buffer;
    } catch (error) {
      if (!this.#isReleased) throw error;
    }
    yield* this.#left;
  }

  /** Takes no more from the pipe; `chunks` ends with what was taken before. */
  release(): void {
    this.#isReleased = true;
    const socket = this.#socket;
    if (socket === undefined || socket.destroyed) return;
    // Read within one turn: nothing comes in between the last chunk and the end of the socket.
    for (let chunk: Buffer | null = socket.read(); chunk !== null; chunk = socket.read())
      this.#left.push(chunk);
    socket.destroy();
  }
}

/** No `fd` in what comes back: there are no writers any more. */
function openPipe(path: string, held: number | undefined): { first: Uint8Array; fd?: number } | undefined {
  const fd = held ?? openIfThere(path);
  if (fd === undefined) return undefined;
  try {
    // A pipe that had no writer when it was opened is never reported to have ended; a read tells.
    const buffer = Buffer.alloc(FIRST_READ_BYTES);
    const first = buffer.subarray(0, readSync(fd, buffer));
    if (first.length > 0) return { first, fd };
    closeSync(fd);
    return { first };
  } catch (error) {
    if (isErrno(error, 'EAGAIN')) return { first: new Uint8Array(0), fd };
    closeSync(fd);
    throw error;
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
