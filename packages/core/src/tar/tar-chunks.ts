import type { ByteSource } from '../bytes/byte-source.ts';
import { WherryError } from '../errors.ts';
import { encodeTarHeader, type TarEntryInit, type TarItem, tarEnd } from './writer.ts';

const BLOCK_BYTES = 512;
/** Thousands of small files go through the store's pipes in chunks of this size, not in three pieces each. */
const CHUNK_BYTES = 256 * 1024;
/** A piece that large is passed on as it is: copying it costs more than one more chunk. */
const PASSED_ON_BYTES = 64 * 1024;
const EMPTY = new Uint8Array(0);
const NONE: readonly Uint8Array[] = [];

/**
 * Writes a whole archive like `writeTar`, in few large chunks. Throws `SIZE_MISMATCH` for a body that has not the
 * size of its entry.
 */
export async function* packTar(items: AsyncIterable<TarItem>): ByteSource {
  const chunks = new ChunkBuffer();
  const allocate = () => chunks.reserve(BLOCK_BYTES);
  for await (const { entry, body = EMPTY } of items) {
    const header = encodeTarHeader(entry, allocate);
    // Headers of one block, nearly all, stand in their place already.
    if (header.length > BLOCK_BYTES) chunks.add(header);
    const size = entry.size ?? 0;
    let written = 0;
    if (body instanceof Uint8Array) {
      written = body.length;
      chunks.add(body);
    } else {
      for await (const chunk of body) {
        written += chunk.length;
        if (written > size) throw wrongSize(entry, written);
        chunks.add(chunk);
        for (const full of chunks.takeFull()) yield full;
      }
    }
    if (written !== size) throw wrongSize(entry, written);
    chunks.reserve((BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES);
    for (const full of chunks.takeFull()) yield full;
  }
  chunks.add(tarEnd());
  chunks.flush();
  yield* chunks.takeFull();
}

/** Gathers pieces; not a generator, since one for each piece of each file costs more than the copying. */
class ChunkBuffer {
  #buffer = new Uint8Array(CHUNK_BYTES);
  #length = 0;
  #full: Uint8Array[] = [];

  add(bytes: Uint8Array): void {
    if (bytes.length >= PASSED_ON_BYTES) {
      this.flush();
      this.#full.push(bytes);
      return;
    }
    if (this.#length + bytes.length > CHUNK_BYTES) this.flush();
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** The place of the next `count` bytes, zeros all, for the caller to fill before anything else is added. */
  reserve(count: number): Uint8Array<ArrayBuffer> {
    if (this.#length + count > CHUNK_BYTES) this.flush();
    this.#length += count;
    return this.#buffer.subarray(this.#length - count, this.#length);
  }

  flush(): void {
    if (this.#length === 0) return;
    this.#full.push(this.#buffer.subarray(0, this.#length));
    this.#buffer = new Uint8Array(CHUNK_BYTES);
    this.#length = 0;
  }

  takeFull(): readonly Uint8Array[] {
    if (this.#full.length === 0) return NONE;
    const full = this.#full;
    this.#full = [];
    return full;
  }
}

function wrongSize({ name, size = 0 }: TarEntryInit, written: number): WherryError {
  const shown = typeof name === 'string' ? name : new TextDecoder().decode(name);
  return new WherryError('SIZE_MISMATCH', `tar entry ${shown}: size ${written}, want ${size}`);
}
