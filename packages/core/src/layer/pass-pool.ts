import { availableParallelism } from 'node:os';
import { isWherryError, throwIfCancelled, WherryError } from '../errors.ts';
import { unpackError } from './error-transfer.ts';
import type { GrowingFile } from './growing-file.ts';
import { allocateHashRing, endHashRing } from './hash-ring.ts';
import type { LayerFacts } from './layer-facts.ts';
import type { LayerLimits } from './layer-pass.ts';
import { type HashEngine, INLINE_BYTES, type PassRequest } from './pass-protocol.ts';
import { defaultWorkerUrl, WorkerSlot } from './worker-slot.ts';

/** A layer this large that comes alone is hashed in a second thread while the first unpacks it. */
const SPLIT_FROM_BYTES = 16 * 1024 * 1024;

/** What reading in this thread may inflate to before it is left to a worker after all: some 50 ms. */
const INLINE_TAR_BYTES = 32 * 1024 * 1024;

/** One layer to read. */
export interface LayerPassJob extends LayerLimits {
  /** The blob: complete, or still being written. */
  readonly file: GrowingFile;
  /** Bytes that the blob will have, when known: larger layers are begun first. */
  readonly size?: number;
  readonly hashEngine: HashEngine;
  /** Others are on their way: no second thread hashes for this one, they have more use for its core. */
  readonly hasCompanions?: boolean;
  /** The caller compares the diffID with one that it knows, which makes gzip's checksum idle. */
  readonly isDiffIDKnown?: boolean;
  /**
   * It is a plain tar that comes alone, and is read in this thread when all of it is there, whatever its size: another
   * thread takes as much work to start as reading 100 MB.
   */
  readonly isReadHere?: boolean;
  /** Where the table of contents is written; removed again when the pass fails. Left out: none is made. */
  readonly tocPath?: string;
  readonly signal?: AbortSignal;
}

export interface LayerPassPoolOptions {
  /** Most layers at once; the number of cores unless given. */
  readonly maxWorkers?: number;
  /** The worker's entry point, for bundles that move it: `pass-worker` beside this module unless given. */
  readonly workerUrl?: URL;
}

interface Task {
  readonly job: LayerPassJob;
  readonly resolve: (facts: LayerFacts) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Threads that read layers while their files are still growing: hash, unpack, hash and scan. They are started
 * when first needed and kept for the next layer until `close`; idle ones do not keep the process alive.
 */
export class LayerPassPool implements AsyncDisposable {
  readonly #maxWorkers: number;
  readonly #workerUrl: URL;
  readonly #slots = new Set<WorkerSlot>();
  #hashSlot: WorkerSlot | undefined;
  #queue: Task[] = [];
  #running = 0;
  #isDispatchPlanned = false;
  #isClosed = false;

  constructor(options: LayerPassPoolOptions = {}) {
    this.#maxWorkers = Math.max(1, options.maxWorkers ?? availableParallelism());
    this.#workerUrl = options.workerUrl ?? defaultWorkerUrl();
  }

  /**
   * Reads one layer to its end. Rejects with what the pass throws: `TRUNCATED`, `CORRUPT`, `INVALID_TAR`,
   * `TOO_LARGE`, `UNSUPPORTED`, `NO_SPACE`; `CANCELLED` after the file's or the signal's abort; `INTERNAL` when
   * the thread dies. Call it when the bytes begin to come: a worker waits for them and does nothing else.
   */
  async run(job: LayerPassJob): Promise<LayerFacts> {
    throwIfCancelled(job.signal);
    if (this.#isClosed) throw new Error('layer pass pool: used after close()');
    const onAbort = () => {
      job.file.abort();
      this.#dropQueued(job);
    };
    job.signal?.addEventListener('abort', onAbort, { once: true });
    try {
      const isInline = job.isReadHere || (job.size ?? Infinity) <= INLINE_BYTES;
      if (this.#isIdle && isInline) return await this.#runInline(job);
      return await this.#runInWorker(job);
    } finally {
      job.signal?.removeEventListener('abort', onAbort);
    }
  }

  /** No thread is running, and none will be soon. */
  get #isIdle(): boolean {
    return this.#slots.size === 0 && this.#queue.length === 0;
  }

  async #runInline(job: LayerPassJob): Promise<LayerFacts> {
    await job.file.settled;
    const [{ passFile }, { hashersOf }] = await Promise.all([
      import('./pass-file.ts'),
      import('./hashers.ts'),
    ]);
    const maxTarBytes = Math.min(job.maxTarBytes ?? Infinity, INLINE_TAR_BYTES);
    const limited = job.isReadHere ? job : { ...job, maxTarBytes };
    try {
      return await passFile(toRequest(limited, undefined), hashersOf(job.hashEngine));
    } catch (error) {
      if (!isWherryError(error, 'TOO_LARGE')) throw error;
      return this.#runInWorker(job);
    }
  }

  #runInWorker(job: LayerPassJob): Promise<LayerFacts> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ job, resolve, reject });
      this.#planDispatch();
    });
  }

  /** Stops the threads; what is still running or waiting rejects with `CANCELLED`. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { reject } of this.#queue.splice(0)) reject(new WherryError('CANCELLED', 'cancelled'));
    const slots = this.#hashSlot ? [...this.#slots, this.#hashSlot] : [...this.#slots];
    await Promise.all(slots.map((slot) => slot.terminate()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #dropQueued(job: LayerPassJob): void {
    const at = this.#queue.findIndex((task) => task.job === job);
    const [task] = at < 0 ? [] : this.#queue.splice(at, 1);
    task?.reject(new WherryError('CANCELLED', 'cancelled'));
  }

  /** Later in this turn, so that the largest of the layers handed in together is known. */
  #planDispatch(): void {
    if (this.#isDispatchPlanned) return;
    this.#isDispatchPlanned = true;
    queueMicrotask(() => {
      this.#isDispatchPlanned = false;
      this.#dispatch();
    });
  }

  #dispatch(): void {
    while (this.#queue.length > 0 && !this.#isClosed) {
      const slot = this.#idleSlot();
      const task = slot && this.#takeLargest();
      if (slot === undefined || task === undefined) return;
      void this.#perform(slot, task);
    }
  }

  #idleSlot(): WorkerSlot | undefined {
    for (const slot of this.#slots) if (slot.isIdle) return slot;
    if (this.#slots.size >= this.#maxWorkers) return undefined;
    const slot: WorkerSlot = new WorkerSlot(this.#workerUrl, () => this.#slots.delete(slot));
    this.#slots.add(slot);
    return slot;
  }

  /** The largest layer first: it would otherwise run alone at the end. */
  #takeLargest(): Task | undefined {
    let best = 0;
    const sizeAt = (i: number) => this.#queue[i]?.job.size ?? 0;
    for (let i = 1; i < this.#queue.length; i++) if (sizeAt(i) > sizeAt(best)) best = i;
    return this.#queue.splice(best, 1)[0];
  }

  async #perform(slot: WorkerSlot, { job, resolve, reject }: Task): Promise<void> {
    const hashing = this.#startHashing(job);
    this.#running++;
    try {
      const { facts, error } = await slot.request(toRequest(job, hashing?.ring));
      // The pass then only says that its ring was taken away.
      if (hashing?.failure) reject(hashing.failure);
      else if (error) reject(unpackError(error));
      else if (facts) resolve(facts);
      else reject(new WherryError('INTERNAL', 'layer pass: worker thread gave no answer'));
    } catch (error) {
      reject(error);
    } finally {
      this.#running--;
      if (hashing) endHashRing(hashing.ring);
      this.#dispatch();
    }
  }

  /** Has a second thread hash for `job` when that thread's core would have nothing else to do. */
  #startHashing(job: LayerPassJob): Hashing | undefined {
    const isAlone = !job.hasCompanions && this.#running === 0 && this.#queue.length === 0;
    if (!isAlone || this.#maxWorkers < 2 || (job.size ?? 0) < SPLIT_FROM_BYTES) return undefined;
    this.#hashSlot ??= new WorkerSlot(this.#workerUrl, () => {
      this.#hashSlot = undefined;
    });
    if (!this.#hashSlot.isIdle) return undefined;
    const hashing: Hashing = { ring: allocateHashRing() };
    const fail = (failure: unknown) => {
      hashing.failure = failure;
      endHashRing(hashing.ring);
    };
    void this.#hashSlot
      .request({ kind: 'hash', hashRing: hashing.ring, hashEngine: job.hashEngine })
      .then(({ error }) => error && fail(unpackError(error)), fail);
    return hashing;
  }
}

/** The second thread's part in a layer. */
interface Hashing {
  readonly ring: SharedArrayBuffer;
  failure?: unknown;
}

function toRequest(job: LayerPassJob, hashRing: SharedArrayBuffer | undefined): PassRequest {
  const { file, hashEngine, tocPath, maxTarBytes, maxEntries } = job;
  const limits = {
    ...(maxTarBytes === undefined ? {} : { maxTarBytes }),
    ...(maxEntries === undefined ? {} : { maxEntries }),
  };
  return {
    kind: 'pass',
    path: file.path,
    shared: file.shared,
    hashEngine,
    tocPath,
    limits,
    hashRing,
    isDiffIDKnown: job.isDiffIDKnown ?? false,
  };
}
