import type { ByteSource } from '../../bytes/byte-source.ts';
import { WherryError } from '../../errors.ts';
import { encodeTarHeader, type TarEntryInit, type TarItem, tarEnd } from '../../tar/writer.ts';

const BLOCK_BYTES = 512;
/** Thousands of small files go through the store's pipes in chunks of this size, not in three pieces each. */
const CHUNK_BYTES = 256 * 1024;
/** A piece that large is passed on as it is: copying it costs more than one more chunk. */
const PASSED_ON_BYTES = 64 * 1024;

/**
 * Writes a whole archive like `writeTar`, in few large chunks. Throws `SIZE_MISMATCH` for a body that has not the
 * size of its entry.
 */
export async function* packTar(items: AsyncIterable<TarItem>): ByteSource {
  const chunks = new ChunkBuffer();
  for await (const { entry, body = new Uint8Array(0) } of items) {
    yield* chunks.add(encodeTarHeader(entry));
    const size = entry.size ?? 0;
    if (body instanceof Uint8Array) {
      if (body.length !== size) throw wrongSize(entry, body.length);
      yield* chunks.add(body);
    } else yield* addBody(chunks, entry, body);
    yield* chunks.addZeros((BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES);
  }
  yield* chunks.add(tarEnd());
  yield* chunks.flush();
}

async function* addBody(chunks: ChunkBuffer, entry: TarEntryInit, body: ByteSource): ByteSource {
  const { size = 0 } = entry;
  let written = 0;
  for await (const chunk of body) {
    written += chunk.length;
    if (written > size) throw wrongSize(entry, written);
    yield* chunks.add(chunk);
  }
  if (written !== size) throw wrongSize(entry, written);
}

class ChunkBuffer {
  #buffer = new Uint8Array(CHUNK_BYTES);
  #length = 0;

  *add(bytes: Uint8Array): Generator<Uint8Array> {
    if (bytes.length >= PASSED_ON_BYTES) {
      yield* this.flush();
      yield bytes;
      return;
    }
    if (this.#length + bytes.length > CHUNK_BYTES) yield* this.flush();
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  *addZeros(count: number): Generator<Uint8Array> {
    if (this.#length + count > CHUNK_BYTES) yield* this.flush();
    this.#length += count;
  }

  *flush(): Generator<Uint8Array> {
    if (this.#length === 0) return;
    const full = this.#buffer.subarray(0, this.#length);
    this.#buffer = new Uint8Array(CHUNK_BYTES);
    this.#length = 0;
    yield full;
  }
}

function wrongSize({ name, size = 0 }: TarEntryInit, written: number): WherryError {
  const shown = typeof name === 'string' ? name : new TextDecoder().decode(name);
  return new WherryError('SIZE_MISMATCH', `tar entry ${shown}: size ${written}, want ${size}`);
}
