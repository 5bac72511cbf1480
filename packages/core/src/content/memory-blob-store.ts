import type { ByteSource } from '../bytes/byte-source.ts';
import type { Digest, Hasher, HasherFactory } from '../digest.ts';
import { throwIfCancelled, WherryError } from '../errors.ts';
import type { BeginOptions, BlobInfo, BlobStore, BlobWriter, ByteRange } from './blob-store.ts';
import { blobUnknown, resolveRange, verifyNotLonger, verifyWritten } from './blob-verification.ts';

const READ_BYTES = 64 * 1024;

/** Blobs of one process, sha256 only; for tests, and for what is too small and short-lived for a disk. */
export class MemoryBlobStore implements BlobStore {
  readonly #blobs = new Map<Digest, Uint8Array>();
  readonly #partial = new Map<string, Uint8Array[]>();
  /** Of each key that is open: ends when the writer lets it go. */
  readonly #held = new Map<string, Promise<void>>();
  readonly #createHasher: HasherFactory;

  constructor(options: { readonly createHasher: HasherFactory }) {
    this.#createHasher = options.createHasher;
  }

  async stat(digest: Digest): Promise<BlobInfo | undefined> {
    const bytes = this.#blobs.get(digest);
    return bytes && { digest, size: bytes.length };
  }

  async *read(digest: Digest, range?: ByteRange): ByteSource {
    const bytes = this.#blobs.get(digest);
    if (bytes === undefined) throw blobUnknown(digest);
    const { start, end } = resolveRange(digest, bytes.length, range);
    for (let at = start; at < end; at += READ_BYTES) yield bytes.slice(at, Math.min(at + READ_BYTES, end));
  }

  async begin(key: string, options: BeginOptions = {}): Promise<BlobWriter> {
    if (key === '') throw new WherryError('INVALID_ARGUMENT', 'ingest key: empty');
    throwIfCancelled(options.signal);
    for (let held = this.#held.get(key); held !== undefined; held = this.#held.get(key))
      await untilAborted(held, options.signal);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held.set(key, promise);
    const release = () => {
      this.#held.delete(key);
      resolve();
    };
    const hasher = options.hashedBy === 'caller' ? undefined : this.#createHasher();
    return new MemoryBlobWriter(key, options, hasher, this.#blobs, this.#partial, release);
  }

  async *list(): AsyncIterable<BlobInfo> {
    for (const [digest, bytes] of [...this.#blobs]) yield { digest, size: bytes.length };
  }

  async delete(digest: Digest): Promise<boolean> {
    return this.#blobs.delete(digest);
  }
}

class MemoryBlobWriter implements BlobWriter {
  readonly offset: number;
  readonly exists: boolean;
  readonly #key: string;
  readonly #expected: BeginOptions;
  readonly #hasher: Hasher | undefined;
  readonly #blobs: Map<Digest, Uint8Array>;
  readonly #partial: Map<string, Uint8Array[]>;
  readonly #release: () => void;
  readonly #chunks: Uint8Array[];
  #size: number;
  #open = true;

  constructor(
    key: string,
    expected: BeginOptions,
    hasher: Hasher | undefined,
    blobs: Map<Digest, Uint8Array>,
    partial: Map<string, Uint8Array[]>,
    release: () => void,
  ) {
    const kept = partial.get(key) ?? [];
    const size = kept.reduce((sum, chunk) => sum + chunk.length, 0);
    this.#chunks = size > (expected.size ?? size) ? [] : kept;
    this.#size = this.#chunks.length === 0 ? 0 : size;
    for (const chunk of this.#chunks) hasher?.update(chunk);
    this.offset = this.#size;
    this.exists = expected.digest !== undefined && blobs.has(expected.digest);
    this.#key = key;
    this.#expected = expected;
    this.#hasher = hasher;
    this.#blobs = blobs;
    this.#partial = partial;
    this.#release = release;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#requireOpen();
    this.#orDrop(() => verifyNotLonger(this.#size + chunk.length, this.#expected));
    this.#hasher?.update(chunk);
    this.#chunks.push(chunk.slice());
    this.#size += chunk.length;
  }

  async commit(hashed?: BlobInfo): Promise<BlobInfo> {
    this.#requireOpen();
    const { digest } = this.#expected;
    if (this.exists && this.#size === this.offset && digest !== undefined) {
      const size = this.#blobs.get(digest)?.length;
      this.#close({ keep: false });
      if (size === undefined) throw blobUnknown(digest);
      return { digest, size };
    }
    const found = this.#hasher === undefined ? hashed : { digest: this.#hasher.digest(), size: this.#size };
    if (found === undefined)
      throw new Error('commit: the caller hashes this blob and must say what it found');
    this.#orDrop(() => verifyWritten(found, this.#size, this.#expected));
    this.#blobs.set(found.digest, Buffer.concat(this.#chunks));
    this.#close({ keep: false });
    return found;
  }

  async abort(): Promise<void> {
    this.#close({ keep: false });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close({ keep: true });
  }

  #orDrop(verify: () => void): void {
    try {
      verify();
    } catch (error) {
      this.#close({ keep: false });
      throw error;
    }
  }

  #close({ keep }: { readonly keep: boolean }): void {
    if (!this.#open) return;
    this.#open = false;
    if (keep && this.#size > 0) this.#partial.set(this.#key, this.#chunks);
    else this.#partial.delete(this.#key);
    this.#release();
  }

  #requireOpen(): void {
    if (!this.#open) throw new Error('blob writer is closed');
  }
}

async function untilAborted(held: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return held;
  throwIfCancelled(signal);
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(new WherryError('CANCELLED', 'cancelled', { cause: signal.reason }));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([held, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
