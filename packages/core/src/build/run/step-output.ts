import { closeSync, constants, openSync } from 'node:fs';
import { PipeReader } from '../../runtime/monitor/pipe-reader.ts';
import type { RunOptions } from './run-step.ts';
import type { StepPlaces } from './step-places.ts';

/** Between looks whether the program has started, while something waits for it. */
const POLL_MS = 5;

/**
 * Hands on what a step prints. The runtime has the same stderr as the program: what comes before the program's start
 * is the runtime's, and kept.
 */
export class StepOutput {
  readonly #isStarted: () => boolean;
  readonly #onOutput: RunOptions['onOutput'];
  readonly #holds: number[];
  readonly #read: Promise<unknown>;
  readonly #signal: AbortSignal | undefined;
  #held: Buffer[] | undefined = [];
  #timer: NodeJS.Timeout | undefined;

  /** The pipes must be there. */
  constructor(
    { stdout, stderr }: Pick<StepPlaces, 'stdout' | 'stderr'>,
    isStarted: () => boolean,
    { onOutput, signal }: Pick<RunOptions, 'onOutput' | 'signal'>,
  ) {
    this.#isStarted = isStarted;
    this.#onOutput = onOutput;
    this.#signal = signal;
    const { O_RDONLY, O_WRONLY, O_NONBLOCK } = constants;
    const readers = [stdout, stderr].map(
      (path) => new PipeReader(path, openSync(path, O_RDONLY | O_NONBLOCK)),
    );
    // A pipe without a writer has ended, and there is none yet.
    this.#holds = [stdout, stderr].map((path) => openSync(path, O_WRONLY | O_NONBLOCK));
    const [out, errors] = readers;
    this.#read = Promise.all([
      forEachChunk(out, (chunk) => this.#hand('stdout', chunk)),
      forEachChunk(errors, (chunk) => this.#takeError(chunk)),
    ]);
    // It is waited for in the end.
    this.#read.catch(() => undefined);
  }

  /** Hands on the rest; to be called when nobody writes any more. Returns what the runtime said, if nothing started. */
  async end(): Promise<string> {
    for (const fd of this.#holds.splice(0)) closeSync(fd);
    await this.#read;
    clearTimeout(this.#timer);
    this.#release();
    return Buffer.concat(this.#held ?? [])
      .toString('utf8')
      .trim();
  }

  /** Who takes nothing any more does not keep a step that was cancelled. */
  async #hand(stream: 'stdout' | 'stderr', chunk: Buffer): Promise<void> {
    const taken = this.#onOutput?.(stream, chunk);
    if (taken !== undefined) await unlessAborted(taken, this.#signal);
  }

  async #takeError(chunk: Buffer): Promise<void> {
    this.#release();
    if (this.#held === undefined) return this.#hand('stderr', chunk);
    this.#held.push(chunk);
    this.#lookAgain();
  }

  #lookAgain(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#release();
      if (this.#held !== undefined) this.#lookAgain();
    }, POLL_MS);
  }

  #release(): void {
    if (this.#held === undefined || !this.#isStarted()) return;
    const held = this.#held;
    this.#held = undefined;
    for (const chunk of held) void this.#onOutput?.('stderr', chunk);
  }
}

async function forEachChunk(
  reader: PipeReader | undefined,
  take: (chunk: Buffer) => Promise<void>,
): Promise<void> {
  // The reader writes the next chunk over this one.
  for await (const chunk of reader?.chunks() ?? []) await take(Buffer.from(chunk));
}

/** Waits for some work, or for the signal, whichever comes first. */
async function unlessAborted(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const stop = () => resolve();
  signal?.addEventListener('abort', stop, { once: true });
  work.then(resolve, reject);
  if (signal?.aborted) stop();
  try {
    await promise;
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
