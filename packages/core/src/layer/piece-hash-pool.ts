import { availableParallelism } from 'node:os';
import { WherryError } from '../errors.ts';
import { unpackError } from './error-transfer.ts';
import type { FilePiece, HashedPart } from './hash-piece.ts';
import { defaultWorkerUrl, WorkerSlot } from './worker-slot.ts';

/** More threads than this would hash faster than one thread can receive. */
const MAX_WORKERS = 3;

export interface PieceHashPoolOptions {
  /** Most pieces at once; absent: what leaves a core to the thread that receives. */
  readonly maxWorkers?: number;
  /** As in `LayerPassPoolOptions`. */
  readonly workerUrl?: URL;
}

interface Task {
  readonly piece: FilePiece;
  readonly resolve: (hashed: HashedPart) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Threads that hash pieces of files, in the order they are asked for: many files share few threads, and none of
 * them waits for one that grows slowly. Started when first needed, kept until `close`; idle ones do not keep
 * the process alive.
 */
export class PieceHashPool implements AsyncDisposable {
  readonly #maxWorkers: number;
  readonly #workerUrl: URL;
  readonly #slots = new Set<WorkerSlot>();
  readonly #queue: Task[] = [];
  #isClosed = false;

  constructor(options: PieceHashPoolOptions = {}) {
    this.#maxWorkers = options.maxWorkers ?? Math.min(MAX_WORKERS, Math.max(1, availableParallelism() - 1));
    this.#workerUrl = options.workerUrl ?? defaultWorkerUrl();
  }

  /**
   * As `hashPiece`, in another thread. Also throws `INTERNAL` when that thread dies: the next piece gets a new
   * one; `CANCELLED` when the pool is closed.
   */
  async hash(piece: FilePiece): Promise<HashedPart> {
    if (this.#isClosed) throw new Error('piece hash pool: used after close()');
    return new Promise((resolve, reject) => {
      this.#queue.push({ piece, resolve, reject });
      this.#dispatch();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const { reject } of this.#queue.splice(0)) reject(new WherryError('CANCELLED', 'cancelled'));
    await Promise.all([...this.#slots].map((slot) => slot.terminate()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #dispatch(): void {
    while (this.#queue.length > 0 && !this.#isClosed) {
      const slot = this.#idleSlot();
      const task = slot && this.#queue.shift();
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

  async #perform(slot: WorkerSlot, { piece, resolve, reject }: Task): Promise<void> {
    try {
      const { hashed, error } = await slot.request({ kind: 'piece', piece });
      if (error) reject(unpackError(error));
      else if (hashed) resolve(hashed);
      else reject(new WherryError('INTERNAL', 'hash: worker thread gave no answer'));
    } catch (error) {
      reject(error);
    } finally {
      this.#dispatch();
    }
  }
}
