import type { ByteSource } from '../bytes/byte-source.ts';
import { WherryError } from '../errors.ts';
import { type TarItem, writeTar } from '../tar/writer.ts';
import type { LayerPlan, PlannedFile } from './layer-plan.ts';
import { fromLatin1 } from './tree-path.ts';

/**
 * Writes the tar of a planned layer. `open` gives the tar of a layer, uncompressed, from its beginning; each is
 * read once at most, as far as it is needed. The same layers give the same bytes. Throws `TRUNCATED` when a
 * layer is shorter than its table of contents says, and what its source throws.
 */
export function writePlannedLayer(plan: LayerPlan, open: (layer: number) => ByteSource): ByteSource {
  return writeTar(items(plan, open));
}

async function* items(
  { frame, files }: LayerPlan,
  open: (layer: number) => ByteSource,
): AsyncGenerator<TarItem> {
  for (const entry of frame) yield { entry };
  for (const [layer, inLayer] of Map.groupBy(files, ({ source }) => source.layer)) {
    const contents = new Contents(() => open(layer));
    try {
      for (const file of inLayer) yield* fileItems(file, contents);
    } finally {
      await contents.close();
    }
  }
}

function* fileItems({ source: { entry }, paths }: PlannedFile, contents: Contents): Generator<TarItem> {
  const [first, ...others] = paths.map(fromLatin1);
  if (first === undefined) return;
  const file = { ...entry, name: first };
  yield entry.size === 0
    ? { entry: file }
    : { entry: file, body: contents.read(entry.dataOffset, entry.size) };
  // With all that the file has: who unpacks a link sets its owner, and with that takes capabilities off.
  for (const name of others)
    yield { entry: { ...entry, name, type: 'hardlink', link: first, size: 0, ...NO_DEVICE } };
}

const NO_DEVICE = { devMajor: 0, devMinor: 0 };

/** The files' contents in a tar that is read from front to back. */
class Contents {
  readonly #open: () => ByteSource;
  #iterator: AsyncIterator<Uint8Array> | undefined;
  #rest: Uint8Array = new Uint8Array(0);
  /** Where `rest` begins in the tar. */
  #position = 0;

  constructor(open: () => ByteSource) {
    this.#open = open;
  }

  /** `size` bytes from `offset` on, which is not before the end of what was read last. */
  async *read(offset: number, size: number): ByteSource {
    while (this.#position < offset) await this.#take(offset - this.#position);
    for (let left = size; left > 0; ) {
      const bytes = await this.#take(left);
      left -= bytes.length;
      yield bytes;
    }
  }

  async close(): Promise<void> {
    await this.#iterator?.return?.();
  }

  /** The next bytes, `max` at most, and at least one. */
  async #take(max: number): Promise<Uint8Array> {
    this.#iterator ??= this.#open()[Symbol.asyncIterator]();
    while (this.#rest.length === 0) {
      const { done, value } = await this.#iterator.next();
      if (done) throw new WherryError('TRUNCATED', 'unexpected EOF', { details: { offset: this.#position } });
      this.#rest = value;
    }
    const bytes = this.#rest.subarray(0, max);
    this.#rest = this.#rest.subarray(bytes.length);
    this.#position += bytes.length;
    return bytes;
  }
}
