import type { BlobInfo } from '../../../content/blob-store.ts';
import type { Digest } from '../../../digest.ts';
import type { MirroredRepository, MirrorStore } from '../../../metadata/mirror-store.ts';

export interface EvictionDeps {
  readonly cache: MirrorStore;
  /** Removes those blobs that nothing else holds. */
  readonly sweep: (candidates: readonly Digest[]) => Promise<unknown>;
  /** Absent: no limit. */
  readonly maxBytes?: number;
  /** Repositories that stay: `docker.io/library/ubuntu`, or `docker.io/library/*` for all below. */
  readonly pins: readonly string[];
}

/** Keeps the cache to its size: what was not asked for the longest time goes first. */
export class Eviction {
  readonly #deps: EvictionDeps;
  readonly #isPinned: (of: MirroredRepository) => boolean;
  #running: Promise<void> | undefined;
  #isAskedAgain = false;

  constructor(deps: EvictionDeps) {
    this.#deps = deps;
    this.#isPinned = pinTest(deps.pins);
  }

  /** Makes room now that `stored` came, in the background. */
  after(stored: Pick<BlobInfo, 'digest' | 'size'>): void {
    const { cache, maxBytes } = this.#deps;
    if (maxBytes === undefined || cache.bytes() <= maxBytes) return;
    if (this.#running !== undefined) {
      this.#isAskedAgain = true;
      return;
    }
    this.#running = this.#run(stored, maxBytes)
      // Nobody waits for it. What could not be removed now is tried again with the next blob that comes.
      .catch(() => undefined)
      .then(() => {
        this.#running = undefined;
        if (!this.#isAskedAgain) return;
        this.#isAskedAgain = false;
        this.after(stored);
      });
  }

  async settled(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(stored: Pick<BlobInfo, 'digest' | 'size'>, maxBytes: number): Promise<void> {
    const victims = [...this.#choose(stored, maxBytes)];
    for (const digest of victims) this.#deps.cache.release(digest);
    await this.#deps.sweep(victims);
  }

  *#choose(stored: Pick<BlobInfo, 'digest' | 'size'>, maxBytes: number): Iterable<Digest> {
    const { cache } = this.#deps;
    let excess = cache.bytes() - maxBytes;
    // One blob that alone is too large would take all the others with it.
    if (stored.size > maxBytes) {
      yield stored.digest;
      excess -= stored.size;
    }
    if (excess <= 0) return;
    for (const { digest, size, repositories } of cache.leastRecentlyUsed()) {
      if (excess <= 0) return;
      if (digest === stored.digest || repositories.some(this.#isPinned)) continue;
      yield digest;
      excess -= size;
    }
  }
}

/** Makes the test of whether a repository is pinned; `*` stands for anything, slashes included. */
function pinTest(pins: readonly string[]): (of: MirroredRepository) => boolean {
  const patterns = pins.map((pin) => {
    const parts = pin.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
    return new RegExp(`^${parts.join('.*')}$`);
  });
  return ({ upstream, repository }) => patterns.some((pattern) => pattern.test(`${upstream}/${repository}`));
}
