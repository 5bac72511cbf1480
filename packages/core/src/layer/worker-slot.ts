import { Worker } from 'node:worker_threads';
import { WherryError } from '../errors.ts';
import type { WorkerReply, WorkerRequest } from './pass-protocol.ts';

/** A worker does its work outside of the JavaScript heap; what needs more than this is an attack or a leak. */
const MAX_HEAP_MB = 256;
/** What is made per entry dies young: with less room for it, a twentieth of a pull goes into collecting it. */
const YOUNG_HEAP_MB = 8;

interface Pending<Reply> {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: WherryError) => void;
}

/** One worker thread with at most one request under way. Keeps the process alive only meanwhile. */
export class WorkerSlot<Request = WorkerRequest, Reply = WorkerReply> {
  readonly #worker: Worker;
  #pending: Pending<Reply> | undefined;
  #isDead = false;

  /** `name` shows in profiles. `onDeath` is called once, when the thread has ended for whatever reason. */
  constructor(url: URL, onDeath: () => void, name = 'layer-pass') {
    this.#worker = new Worker(url, {
      name,
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB, maxYoungGenerationSizeMb: YOUNG_HEAP_MB },
    });
    this.#worker.unref();
    this.#worker.on('message', (reply: Reply) => this.#settle()?.resolve(reply));
    const die = (cause: unknown) => {
      if (this.#isDead) return;
      this.#isDead = true;
      this.#settle()?.reject(new WherryError('INTERNAL', 'worker thread ended unexpectedly', { cause }));
      onDeath();
    };
    this.#worker.on('error', die);
    this.#worker.on('exit', (code) => die(new Error(`exit code ${code}`)));
  }

  get isIdle(): boolean {
    return this.#pending === undefined && !this.#isDead;
  }

  /** Sends a request to an idle worker. Rejects with `INTERNAL` when the thread dies before it answers. */
  request(message: Request): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#pending = { resolve, reject };
      this.#worker.ref();
      this.#worker.postMessage(message);
    });
  }

  /** Ends the thread; a request under way rejects with `CANCELLED`. */
  async terminate(): Promise<void> {
    this.#isDead = true;
    const pending = this.#settle();
    await this.#worker.terminate();
    pending?.reject(new WherryError('CANCELLED', 'cancelled'));
  }

  #settle(): Pending<Reply> | undefined {
    const pending = this.#pending;
    this.#pending = undefined;
    // `terminate` holds on to the thread until it has ended, an answer that still comes must not let go of it.
    if (!this.#isDead) this.#worker.unref();
    return pending;
  }
}

/** The worker's entry point, beside this module. */
export function defaultWorkerUrl(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? './pass-worker.ts' : './pass-worker.js', import.meta.url);
}
