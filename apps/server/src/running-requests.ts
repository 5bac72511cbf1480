/** Follows requests to the end of their handlers, which outlive their sockets when those are cut. */
export class RunningRequests {
  readonly #running = new Set<Promise<unknown>>();

  async follow<T>(work: Promise<T>): Promise<T> {
    this.#running.add(work);
    try {
      return await work;
    } finally {
      this.#running.delete(work);
    }
  }

  /** Resolves when no request runs, however they ended. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running);
  }
}
