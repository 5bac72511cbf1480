import { existsSync } from 'node:fs';
import { acquireFileLock, type FileLock, tryFileLock } from '../../content/file-lock.ts';
import type { ContainerPaths } from '../container-directory.ts';
import type { ContainerPipes } from '../supervisor.ts';
import { AttachServer, type AttachTarget } from './attach-server.ts';
import { endAnnouncement, isMonitorComing } from './coming-monitor.ts';
import type { JsonFileLog, LogStream } from './log-writer.ts';
import { PipeReader } from './pipe-reader.ts';
import { PipeWriter } from './pipe-writer.ts';
import { resizeTerminal, type TerminalSize } from './terminal.ts';

/** Takes what a container prints; the next chunk comes when it is done with this one. */
export type OutputSink = (stream: LogStream, chunk: Uint8Array) => Promise<void> | void;

export interface MonitorOptions {
  readonly paths: ContainerPaths;
  /** Absent: nothing is kept. The monitor closes it. */
  readonly log?: JsonFileLog;
  /** Become the monitor's; absent: it opens them, as one does that takes over. */
  readonly pipes?: ContainerPipes;
  /** Takes the output too, beside those who attach. */
  readonly sink?: OutputSink;
  /** What the container prints waits in its pipes until so many have attached, or do not come. */
  readonly attendants?: number;
  /** Called when the output has ended, before anybody else may remove the container's files. */
  readonly onEnd?: () => void;
  /** Ends the wait for another monitor, not the run. */
  readonly signal?: AbortSignal;
}

/** Who is about to attach is there in a moment, unless it was killed. */
const ATTENDANTS_MS = 5000;

/**
 * Takes what a container prints out of its pipes, into the log and to those who are attached, and brings it
 * what they type. It runs inside of a `run` in the foreground, so that this needs no second process, and in a
 * small process of its own otherwise. One at a time: another one waits for the lock. Should it be killed, the
 * container goes on, held up when its pipes are full, until the next one comes.
 */
export class ContainerMonitor implements AttachTarget {
  readonly #paths: ContainerPaths;
  readonly #options: MonitorOptions;
  readonly #lock: FileLock;
  readonly #server: AttachServer;
  readonly #readers: Readonly<Record<LogStream, PipeReader>>;
  #stdin: PipeWriter | undefined;
  #order: Promise<void> = Promise.resolve();
  #logFailure: unknown;

  private constructor(options: MonitorOptions, lock: FileLock) {
    const { paths, pipes } = options;
    this.#paths = paths;
    this.#options = options;
    this.#lock = lock;
    this.#server = new AttachServer(paths.attachSocket, this);
    this.#readers = {
      stdout: new PipeReader(paths.stdout, pipes?.stdout),
      stderr: new PipeReader(paths.stderr, pipes?.stderr),
    };
    this.#stdin = pipes?.stdin === undefined ? undefined : new PipeWriter(pipes.stdin);
  }

  /**
   * Waits while another one watches over the container, as the one of its last run may for a moment. Throws
   * `CANCELLED`.
   */
  static async open(options: MonitorOptions): Promise<ContainerMonitor> {
    const { paths, signal } = options;
    const lock = await acquireFileLock(paths.monitorLock, { signal });
    endAnnouncement(paths);
    return new ContainerMonitor(options, lock);
  }

  /** Runs until the container's output ends, or it is told to stop. The log is complete then. */
  async run(): Promise<void> {
    try {
      await this.#server.listen();
      await this.#server.clients(this.#options.attendants ?? 0, ATTENDANTS_MS);
      await Promise.all([this.#pump('stdout'), this.#pump('stderr')]);
      this.#options.onEnd?.();
    } finally {
      await this.#close();
    }
  }

  /** Lets go of the pipes without losing a byte, for another monitor; `run` ends. */
  stop(): void {
    this.#readers.stdout.release();
    this.#readers.stderr.release();
  }

  /** `false`: the container takes no input any more. */
  async writeStdin(chunk: Uint8Array): Promise<boolean> {
    this.#stdin ??= PipeWriter.open(this.#paths.stdin);
    return (await this.#stdin?.write(chunk)) ?? false;
  }

  endStdin(): void {
    this.#stdin?.close();
    this.#stdin = undefined;
  }

  async resize(size: TerminalSize): Promise<void> {
    await resizeTerminal(this.#paths.terminal, size);
  }

  async #pump(stream: LogStream): Promise<void> {
    for await (const chunk of this.#readers[stream].chunks()) {
      // One after the other, so that the log has the streams in the order in which they came.
      this.#order = this.#order.then(() => this.#deliver(stream, chunk));
      await this.#order;
    }
  }

  async #deliver(stream: LogStream, chunk: Uint8Array): Promise<void> {
    this.#keep(stream, chunk);
    if (this.#options.sink) await this.#options.sink(stream, Buffer.from(chunk));
    await this.#server.broadcast(stream, chunk);
  }

  /** Why the log is not complete, if it is not: a full disk, say, which is no reason to hold the container up. */
  get logFailure(): unknown {
    return this.#logFailure;
  }

  #keep(stream: LogStream, chunk: Uint8Array): void {
    try {
      this.#options.log?.write(stream, chunk);
    } catch (error) {
      this.#logFailure ??= error;
    }
  }

  async #close(): Promise<void> {
    try {
      this.endStdin();
      await this.#server[Symbol.asyncDispose]();
      this.#options.log?.[Symbol.dispose]();
    } finally {
      this.#lock.release({ remove: true });
    }
  }
}

/** Tells whether somebody takes a container's output out of its pipes; without one its log does not grow. */
export function isMonitored(paths: ContainerPaths): boolean {
  // Its removal has begun.
  if (!existsSync(paths.directory)) return false;
  const lock = tryFileLock(paths.monitorLock);
  lock?.release({ remove: true });
  return lock === undefined || isMonitorComing(paths);
}
