import type { Clock } from '../../clock.ts';
import type { BlobInfo, BlobReader } from '../../content/blob-store.ts';
import type { Digest } from '../../digest.ts';
import type { MetadataStore } from '../../metadata/metadata-store.ts';

/** A touch keeps a blob from the sweep for far longer than this. */
const FRESH_MS = 60 * 1000;
const MAX_REMEMBERED = 50_000;

/**
 * Which blobs are here. Who is told that one is may soon name it, so that it is touched; then nothing takes it
 * away for a while, and that it is here need not be asked of the disk for each of a crowd of requests. Only a repair takes
 * even such a blob, which changes the metadata too.
 */
export class BlobPresence {
  readonly #blobs: BlobReader;
  readonly #metadata: Pick<MetadataStore, 'touch' | 'foreignRevision'>;
  readonly #clock: Clock;
  #revision: number | undefined;
  readonly #known = new Map<Digest, { readonly info: BlobInfo; readonly seenAt: number }>();

  constructor(blobs: BlobReader, metadata: Pick<MetadataStore, 'touch' | 'foreignRevision'>, clock: Clock) {
    this.#blobs = blobs;
    this.#metadata = metadata;
    this.#clock = clock;
  }

  /** `undefined` when it is not here; else it is kept from the sweep for the grace period. */
  async find(digest: Digest): Promise<BlobInfo | undefined> {
    this.#forgetWhatOthersChanged();
    const known = this.#known.get(digest);
    if (known && Math.abs(this.#clock.now().getTime() - known.seenAt) < FRESH_MS) return known.info;
    return this.look(digest);
  }

  /** The same, asked of the disk in any case: for what is recorded and lasts. */
  async look(digest: Digest): Promise<BlobInfo | undefined> {
    this.#known.delete(digest);
    if (!(await this.#blobs.stat(digest))) return undefined;
    const seenAt = this.#clock.now().getTime();
    this.#metadata.touch(digest);
    // Asked again: a sweep may have come between the look and the touch.
    const info = await this.#blobs.stat(digest);
    if (info) this.#remember(digest, info, seenAt);
    return info;
  }

  #forgetWhatOthersChanged(): void {
    const revision = this.#metadata.foreignRevision();
    if (revision === this.#revision) return;
    this.#known.clear();
    this.#revision = revision;
  }

  #remember(digest: Digest, info: BlobInfo, seenAt: number): void {
    for (const oldest of this.#known.keys()) {
      if (this.#known.size < MAX_REMEMBERED) break;
      this.#known.delete(oldest);
    }
    this.#known.set(digest, { info, seenAt });
  }
}
