import { fstatSync, statSync, writeSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { isErrno } from '@wherry/core';
import { errnoWords } from './errors.ts';
import { FAILURE_EXIT_CODE } from './exit-codes.ts';

/** What a command reads from and writes to; tests hand in their own. */
export interface Io {
  readonly stdin: StdIn;
  readonly stdout: StdOut;
  readonly stderr: StdOut;
  readonly env: Readonly<Record<string, string | undefined>>;
  now(): Date;
}

export type StdIn = Readable & {
  readonly isTTY?: boolean | undefined;
  setRawMode?: ((raw: boolean) => unknown) | undefined;
};

export interface StdOut {
  readonly isTTY: boolean;
  /** Cells in a line; absent when it is not a terminal. */
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  write(text: string): void;
  /** Resolves when the reader has room again. */
  writeBytes(chunk: Uint8Array): Promise<void>;
}

/** The same but for what is given. Its streams are opened at first use, as the other's. */
export function ioWith(io: Io, change: { readonly env?: Io['env']; readonly stdout?: () => StdOut }): Io {
  return {
    env: change.env ?? io.env,
    now: () => io.now(),
    get stdin() {
      return io.stdin;
    },
    get stdout() {
      return change.stdout?.() ?? io.stdout;
    },
    get stderr() {
      return io.stderr;
    },
  };
}

const STDOUT_FD = 1;
const STDERR_FD = 2;
/** What a pipe takes at once on every system: a longer text could block where no signal is heard. */
const MAX_DIRECT_BYTES = 4096;

/** The process's own streams, opened at first use. */
export function processIo(): Io {
  return {
    get stdin() {
      return process.stdin;
    },
    stdout: new ProcessOut(STDOUT_FD, () => process.stdout),
    stderr: new ProcessOut(STDERR_FD, () => process.stderr),
    env: process.env,
    now: () => new Date(),
  };
}

/**
 * An output of the process. A short text to a file or a pipe is written without Node's stream, which takes
 * 3 ms to load.
 */
class ProcessOut implements StdOut {
  readonly #fd: number;
  readonly #open: () => NodeJS.WriteStream;
  readonly #isPlain: boolean;
  #stream: NodeJS.WriteStream | undefined;
  /** When the reader has room again, as long as it has none. */
  #drained: Promise<void> | undefined;

  constructor(fd: number, open: () => NodeJS.WriteStream) {
    this.#fd = fd;
    this.#open = open;
    this.#isPlain = isPlain(fd);
  }

  get isTTY(): boolean {
    return !this.#isPlain && this.#opened().isTTY === true;
  }

  get columns(): number | undefined {
    // A terminal that does not know its size says that it has none.
    return this.#isPlain ? undefined : this.#opened().columns || undefined;
  }

  get rows(): number | undefined {
    return this.#isPlain ? undefined : this.#opened().rows || undefined;
  }

  write(text: string): void {
    const bytes = Buffer.from(text);
    const written = this.#stream === undefined && this.#isPlain ? this.#writeDirectly(bytes) : 0;
    if (written < bytes.length) this.#opened().write(bytes.subarray(written));
  }

  writeBytes(chunk: Uint8Array): Promise<void> {
    const stream = this.#opened();
    if (stream.write(chunk)) return Promise.resolve();
    this.#drained ??= new Promise((resolve) =>
      stream.once('drain', () => {
        this.#drained = undefined;
        resolve();
      }),
    );
    return this.#drained;
  }

  /** Returns how many bytes are out; the rest is the stream's. */
  #writeDirectly(bytes: Uint8Array): number {
    if (bytes.length > MAX_DIRECT_BYTES) return 0;
    try {
      return writeSync(this.#fd, bytes);
    } catch {
      // A pipe that does not block may be full. Any other fault is met again, and answered, by the stream.
      return 0;
    }
  }

  #opened(): NodeJS.WriteStream {
    if (this.#stream !== undefined) return this.#stream;
    const stream = this.#open();
    stream.on('error', (error) => {
      const fault = outputFault(error, this.#fd);
      if (fault === undefined) return;
      const { exitCode, message } = fault;
      if (message !== undefined && this.#fd !== STDERR_FD) tryWrite(STDERR_FD, message);
      process.exit(exitCode);
    });
    this.#stream = stream;
    return stream;
  }
}

/** How a process ends that cannot write its output, and what it says of it; `undefined`: it goes on. */
export function outputFault(
  error: unknown,
  fd: number,
): { readonly exitCode: number; readonly message?: string } | undefined {
  // What nobody wants to hear of makes no success of a failure. The stream is closed, and later texts go nowhere.
  if (isErrno(error, 'EPIPE', 'ERR_STREAM_DESTROYED') && fd === STDERR_FD) return undefined;
  // A reader that has seen enough, such as `head`, closes the pipe: that is no failure of ours.
  if (isErrno(error, 'EPIPE')) return { exitCode: 0 };
  const reason = errnoWords(error) ?? (error instanceof Error ? error.message : String(error));
  const message = `Error: write /dev/${fd === STDERR_FD ? 'stderr' : 'stdout'}: ${reason}\n`;
  return { exitCode: FAILURE_EXIT_CODE, message };
}

function tryWrite(fd: number, text: string): void {
  try {
    writeSync(fd, text);
  } catch {
    // There is nobody left to tell.
  }
}

/** Tells whether it is a file, a pipe, or the device that swallows all: written to in one call, and no terminal. */
function isPlain(fd: number): boolean {
  try {
    const stats = fstatSync(fd);
    if (stats.isFile() || stats.isFIFO()) return true;
    return stats.isCharacterDevice() && stats.rdev === statSync('/dev/null').rdev;
  } catch {
    // The descriptor is closed, or of a kind this system cannot describe: the stream knows what to do.
    return false;
  }
}
