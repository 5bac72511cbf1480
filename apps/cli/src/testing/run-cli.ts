import { Readable } from 'node:stream';
import { type Engine, type EngineOptions, WherryError } from '@wherry/core';
import type { Io, StdIn, StdOut } from '../io.ts';
import { type RunDeps, run } from '../run.ts';

export interface CliSetup {
  /** The verbs that the test expects to be called; any other one throws. */
  readonly engine?: Partial<Engine>;
  /** Opens a real engine in the place of `engine`. */
  readonly openEngine?: (options: EngineOptions) => Engine;
  readonly enterNamespace?: RunDeps['enterNamespace'];
  readonly env?: Record<string, string>;
  /** Bytes on standard input, or what is typed in the course of time. */
  readonly stdin?: string | Uint8Array | AsyncIterable<Uint8Array>;
  /** Told of all that has been printed, each time that there is more. */
  readonly onOutput?: (both: string) => void;
  /** A terminal of this size on all three streams. */
  readonly tty?: { readonly columns: number; readonly rows: number };
  readonly now?: Date;
  readonly signal?: AbortSignal;
}

export interface CliResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, in the order in which they were written. */
  readonly both: string;
  /** With what the engine was opened, each time. */
  readonly opened: readonly EngineOptions[];
  readonly isClosed: boolean;
}

export const NOW = new Date('2026-11-23T21:00:00Z');

/** `inspect` looks for a container first. */
const NO_CONTAINERS = {
  describe: async ({ container }) => {
    throw new WherryError('CONTAINER_UNKNOWN', `No such container: ${container}`);
  },
} as Partial<Engine['containers']> as Engine['containers'];

/** Runs a command line in this process, on fake streams and a fake engine, if no other is given. */
export async function runCli(argv: readonly string[], setup: CliSetup = {}): Promise<CliResult> {
  const both: string[] = [];
  const tell = (text: string) => {
    both.push(text);
    setup.onOutput?.(both.join(''));
  };
  const stdout = new CapturedOut(tell, setup.tty);
  const stderr = new CapturedOut(tell, setup.tty);
  const opened: EngineOptions[] = [];
  let isClosed = false;
  const engine = fakeEngine({
    containers: NO_CONTAINERS,
    ...setup.engine,
    close: async () => {
      isClosed = true;
    },
  });
  const io: Io = {
    stdin: fakeStdin(setup),
    stdout,
    stderr,
    env: setup.env ?? {},
    now: () => setup.now ?? NOW,
  };
  const exitCode = await run(argv, {
    io,
    signal: setup.signal ?? new AbortController().signal,
    ...(setup.enterNamespace && { enterNamespace: setup.enterNamespace }),
    openEngine: (options) => {
      opened.push(options);
      return setup.openEngine?.(options) ?? engine;
    },
  });
  return { exitCode, stdout: stdout.text(), stderr: stderr.text(), both: both.join(''), opened, isClosed };
}

function fakeEngine(verbs: Partial<Engine>): Engine {
  return new Proxy(verbs as Engine, {
    get: (target, name) => {
      // A promise's `then` is asked for by every `await`.
      if (name in target || name === 'then') return Reflect.get(target, name);
      throw new Error(`the test did not expect engine.${String(name)}`);
    },
  });
}

function fakeStdin(setup: CliSetup): StdIn {
  const { stdin: content = '' } = setup;
  const isTyped = typeof content !== 'string' && Symbol.asyncIterator in content;
  const source = isTyped ? content : [Buffer.from(content)];
  const stdin: StdIn = Readable.from(source, { objectMode: false });
  return setup.tty === undefined ? stdin : Object.assign(stdin, { isTTY: true, setRawMode: () => undefined });
}

class CapturedOut implements StdOut {
  readonly isTTY: boolean;
  readonly columns: number | undefined;
  readonly rows: number | undefined;
  readonly #tell: (text: string) => void;
  readonly #chunks: Uint8Array[] = [];

  constructor(tell: (text: string) => void, tty: CliSetup['tty']) {
    this.#tell = tell;
    this.isTTY = tty !== undefined;
    this.columns = tty?.columns;
    this.rows = tty?.rows;
  }

  write(text: string): void {
    this.#chunks.push(Buffer.from(text));
    this.#tell(text);
  }

  async writeBytes(chunk: Uint8Array): Promise<void> {
    this.#chunks.push(chunk);
    // What goes into a file or another program may be large, and is no text.
    if (this.isTTY) this.#tell(Buffer.from(chunk).toString('utf8'));
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}
