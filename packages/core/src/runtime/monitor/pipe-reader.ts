import { closeSync, constants, openSync, readSync } from 'node:fs';
import { Socket } from 'node:net';
import { isErrno } from '../../errors.ts';

/** What a pipe holds. */
const BUFFER_BYTES = 64 << 10;

/**
 * Reads a named pipe to its end, which comes when all writers are gone. It can be let go of in between without
 * losing a byte: what was not taken yet lies in the pipe, for the next reader. All chunks share one buffer, or
 * the garbage of a talkative container would double a monitor's memory.
 */
export class PipeReader {
  readonly #path: string;
  readonly #fd: number | undefined;
  readonly #buffer = Buffer.alloc(BUFFER_BYTES);
  #socket: Socket | undefined;
  #isReleased = false;

  /** `fd`, of the pipe opened for reading without blocking, becomes the reader's; absent: it is opened. */
  constructor(path: string, fd?: number) {
    this.#path = path;
    this.#fd = fd;
  }

  /** The bytes; the next step overwrites a chunk, and only then more is taken from the pipe. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    const fd = this.#fd ?? openIfThere(this.#path);
    if (fd === undefined) return;
    const first = readFirst(fd, this.#buffer);
    if (first !== 'nothing yet') yield first;
    if (this.#isReleased || (first !== 'nothing yet' && first.length === 0)) return closeSync(fd);
    yield* this.#rest(fd);
  }

  /** Takes no more from the pipe; `chunks` ends with what was taken before. */
  release(): void {
    this.#isReleased = true;
    this.#socket?.destroy();
  }

  async *#rest(fd: number): AsyncGenerator<Uint8Array> {
    let taken: Uint8Array | undefined;
    let isOver = false;
    let wake = () => {};
    const socket = new Socket({
      ...{ fd, readable: true, writable: false },
      onread: {
        buffer: this.#buffer,
        callback: (count, buffer) => {
          taken = buffer.subarray(0, count);
          wake();
          // Reading pauses until the chunk has been dealt with.
          return false;
        },
      },
    });
    this.#socket = socket;
    socket.once('close', () => {
      isOver = true;
      wake();
    });
    socket.on('error', () => socket.destroy());
    try {
      for (;;) {
        socket.resume();
        if (taken === undefined && !isOver)
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        const chunk = taken;
        taken = undefined;
        if (chunk !== undefined) yield chunk;
        else if (isOver) return;
      }
    } finally {
      socket.destroy();
    }
  }
}

/**
 * A pipe that had no writer when it was opened is never reported to have ended; a read tells: no bytes mean
 * that nobody can write any more.
 */
function readFirst(fd: number, buffer: Buffer): Uint8Array | 'nothing yet' {
  try {
    return buffer.subarray(0, readSync(fd, buffer));
  } catch (error) {
    if (isErrno(error, 'EAGAIN')) return 'nothing yet';
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
