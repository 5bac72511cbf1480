import { availableParallelism } from 'node:os';
import { throwIfCancelled, WherryError } from '../../errors.ts';
import { unpackError } from '../../layer/error-transfer.ts';
import { GrowingFile } from '../../layer/growing-file.ts';
import { WorkerSlot } from '../../layer/worker-slot.ts';
import type { UnpackedFacts } from './layer-unpacker.ts';
import type { UnpackReply, UnpackRequest } from './unpack-protocol.ts';

const PROGRESS_MS = 100;
/** A layer this small that comes alone is unpacked in this thread: to start another would take longer. */
const INLINE_BYTES = 256 * 1024;

/** One layer to unpack. */
export interface UnpackJob extends Omit<UnpackRequest, 'shared' | 'progress'> {
  /** Bytes of the blob: larger layers are begun first. */
  readonly size: number;
  readonly signal?: AbortSignal;
  /** Hears now and then how many bytes of the blob have been read. */
  readonly onProgress?: (bytes: number) => void;
}

export interface UnpackPoolOptions {
  /** Most layers at once; the number of cores unless given. */
  readonly maxWorkers?: number;
}

interface Task {
  readonly request: UnpackRequest;
  readonly size: number;
  readonly resolve: (facts: UnpackedFacts) => void;
  readonly reject: (error: unknown) => void;
}

/** Threads that unpack layers, started when first needed and kept until `close`. */
export class UnpackPool implements AsyncDisposable {
  readonly #maxWorkers: number;
  readonly #slots = new Set<WorkerSlot<UnpackRequest, UnpackReply>>();
  readonly #queue: Task[] = [];
  #isDispatchPlanned = false;

  constructor(options: UnpackPoolOptions = {}) {
    this.#maxWorkers = Math.max(1, options.maxWorkers ?? availableParallelism());
  }

  /** Unpacks one layer; rejects with what `unpackFile` throws, and `INTERNAL` when the thread dies. */
  async run(job: UnpackJob): Promise<UnpackedFacts> {
    const { size, signal, onProgress, ...fields } = job;
    throwIfCancelled(signal);
    const file = new GrowingFile(job.path, size);
    file.end();
    const request = { ...fields, shared: file.shared, progress: new SharedArrayBuffer(8) };
    const ticker = onProgress && startTicker(request.progress, onProgress);
    const onAbort = () => {
      file.abort();
      this.#dropQueued(request);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      if (size <= INLINE_BYTES && this.#slots.size === 0) return await unpackHere(request);
      return await this.#runInWorker(request, size);
    } finally {
      signal?.removeEventListener('abort', onAbort);
      clearInterval(ticker);
    }
  }

  /** Stops the threads; what is still running or waiting rejects with `CANCELLED`. */
  async close(): Promise<void> {
    for (const { reject } of this.#queue.splice(0)) reject(new WherryError('CANCELLED', 'cancelled'));
    await Promise.all([...this.#slots].map((slot) => slot.terminate()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #runInWorker(request: UnpackRequest, size: number): Promise<UnpackedFacts> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ request, size, resolve, reject });
      if (this.#isDispatchPlanned) return;
      this.#isDispatchPlanned = true;
      // Later in this turn, so that the largest of the layers handed in together is known.
      queueMicrotask(() => {
        this.#isDispatchPlanned = false;
        this.#dispatch();
      });
    });
  }

  #dropQueued(request: UnpackRequest): void {
    const at = this.#queue.findIndex((task) => task.request === request);
    const [task] = at < 0 ? [] : this.#queue.splice(at, 1);
    task?.reject(new WherryError('CANCELLED', 'cancelled'));
  }

  #dispatch(): void {
    // The largest first: it would otherwise run alone at the end.
    this.#queue.sort((a, b) => b.size - a.size);
    while (this.#queue.length > 0) {
      const slot = this.#idleSlot();
      const task = slot && this.#queue.shift();
      if (slot === undefined || task === undefined) return;
      void this.#perform(slot, task);
    }
  }

  #idleSlot(): WorkerSlot<UnpackRequest, UnpackReply> | undefined {
    for (const slot of this.#slots) if (slot.isIdle) return slot;
    if (this.#slots.size >= this.#maxWorkers) return undefined;
    const slot: WorkerSlot<UnpackRequest, UnpackReply> = new WorkerSlot(
      workerUrl(),
      () => this.#slots.delete(slot),
      'unpack',
    );
    this.#slots.add(slot);
    return slot;
  }

  async #perform(slot: WorkerSlot<UnpackRequest, UnpackReply>, task: Task): Promise<void> {
    try {
      const { facts, error } = await slot.request(task.request);
      if (error) task.reject(unpackError(error));
      else if (facts) task.resolve(facts);
      else task.reject(new WherryError('INTERNAL', 'unpack: worker thread gave no answer'));
    } catch (error) {
      task.reject(error);
    } finally {
      this.#dispatch();
    }
  }
}

async function unpackHere(request: UnpackRequest): Promise<UnpackedFacts> {
  const { unpackFile } = await import('./unpack-file.ts');
  return unpackFile(request);
}

function startTicker(progress: SharedArrayBuffer, onProgress: (bytes: number) => void): NodeJS.Timeout {
  const position = new BigInt64Array(progress);
  return setInterval(() => onProgress(Number(Atomics.load(position, 0))), PROGRESS_MS).unref();
}

/** The worker's entry point, beside this module. */
function workerUrl(): URL {
  const name = import.meta.url.endsWith('.ts') ? './unpack-worker.ts' : './unpack-worker.js';
  return new URL(name, import.meta.url);
}
