import type { ByteSource } from '../bytes/byte-source.ts';
import { WherryError } from '../errors.ts';
import { BLOCK_BYTES } from './header.ts';
import type { TarEntry } from './scanner.ts';
import { TsTarScanner } from './ts-tar-scanner.ts';

/** An entry and its payload, which can be read once, before the next entry is asked for. */
export interface TarFile {
  readonly entry: TarEntry;
  readonly body: ByteSource;
  /** All that `body` would give, where it is at hand: of most small files. Whoever takes it need not read that. */
  readonly bytes?: Uint8Array;
}

/**
 * Reads an archive entry by entry, in the order of the archive; a body that is not read is passed over.
 * For archives that are read once, such as `docker save`'s; layers go through a `TarScanner`. Throws what
 * a scanner throws. `source` is read to its end or closed.
 */
export async function* readTar(source: ByteSource): AsyncGenerator<TarFile, void, undefined> {
  const stream = new ScannedStream(source);
  try {
    for (;;) {
      const entry = await stream.nextEntry();
      if (!entry) return;
      let isCurrent = true;
      const bytes = stream.bytesAhead();
      const body = stream.body(() => isCurrent);
      yield bytes ? { entry, body, bytes } : { entry, body };
      isCurrent = false;
    }
  } finally {
    await stream.close();
  }
}

/** Hands out the bytes of a source, each shown to a scanner first, never past the next edge of interest. */
class ScannedStream {
  readonly #iterator: AsyncIterator<Uint8Array>;
  readonly #scanner = new TsTarScanner();
  #chunk: Uint8Array = new Uint8Array(0);
  #position = 0;
  #payloadLeft = 0;

  constructor(source: ByteSource) {
    this.#iterator = source[Symbol.asyncIterator]();
  }

  async nextEntry(): Promise<TarEntry | undefined> {
    while (this.#chunk.length > 0 || (await this.#fill())) {
      if (this.#payloadLeft > 0) {
        this.#payloadLeft -= this.#take(this.#payloadLeft).bytes.length;
        continue;
      }
      // A step that ends at a block's edge completes one header at most.
      const [entry] = this.#take(BLOCK_BYTES - (this.#position % BLOCK_BYTES)).entries;
      if (!entry) continue;
      this.#payloadLeft = entry.size;
      return entry;
    }
    this.#scanner.finish();
    return undefined;
  }

  /** The whole payload of the entry, if it is there; it is passed over when the next entry is asked for. */
  bytesAhead(): Uint8Array | undefined {
    const size = this.#payloadLeft;
    return size <= this.#chunk.length ? this.#chunk.subarray(0, size) : undefined;
  }

  async *body(isCurrent: () => boolean): ByteSource {
    while (isCurrent() && this.#payloadLeft > 0) {
      if (this.#chunk.length === 0 && !(await this.#fill()))
        throw new WherryError('TRUNCATED', 'unexpected EOF', { details: { offset: this.#position } });
      const { bytes } = this.#take(this.#payloadLeft);
      this.#payloadLeft -= bytes.length;
      yield bytes;
    }
    if (!isCurrent()) throw new Error('tar: body read after the next entry was asked for');
  }

  async close(): Promise<void> {
    await this.#iterator.return?.();
  }

  /** Waits for the next chunk that is not empty; `false`: there is none. */
  async #fill(): Promise<boolean> {
    while (this.#chunk.length === 0) {
      const { done, value } = await this.#iterator.next();
      if (done) return false;
      this.#chunk = value;
    }
    return true;
  }

  #take(max: number): { readonly bytes: Uint8Array; readonly entries: readonly TarEntry[] } {
    const bytes = this.#chunk.subarray(0, max);
    this.#chunk = this.#chunk.subarray(bytes.length);
    this.#position += bytes.length;
    return { bytes, entries: this.#scanner.push(bytes) };
  }
}
