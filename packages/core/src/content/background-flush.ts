import type { FileHandle } from 'node:fs/promises';

/** Bytes after which a write that goes on begins to reach the disk. */
export const FLUSH_BYTES = 16 * 1024 * 1024;

/**
 * Flushes files while they are still written, so that the flush at the end finds little left to do. One at a
 * time for all of them: each takes a thread of libuv's small pool as long as the disk needs.
 */
export class BackgroundFlush {
  #isRunning = false;

  /** Flushes what `handle` has so far; `undefined` when a flush is under way. */
  start(handle: FileHandle): Promise<void> | undefined {
    if (this.#isRunning) return undefined;
    this.#isRunning = true;
    return handle.datasync().finally(() => {
      this.#isRunning = false;
    });
  }
}
