import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { readFileRange } from '../../bytes/node.ts';
import type { Digest } from '../../digest.ts';
import { LayerContents } from '../../tree/layer-contents.ts';
import { storedCompression } from '../store/layer-variant.ts';
import type { Store } from '../store/store.ts';
import { layerTar } from './layer-entries.ts';

/**
 * What is in the tars of layers, in whatever order it is asked for. A packed layer is read from front to back as long
 * as that will do; who goes back in one has it unpacked into the scratch directory.
 */
export class LayerRanges implements AsyncDisposable {
  readonly #store: Store;
  readonly #scratch: string;
  readonly #forward = new Map<Digest, { readonly contents: LayerContents; end: number }>();
  readonly #unpacked = new Map<Digest, Promise<string>>();

  constructor(store: Store, scratch: string) {
    this.#store = store;
    this.#scratch = scratch;
  }

  /** One at a time. */
  async *read(layer: Digest, offset: number, size: number): ByteSource {
    const range = { start: offset, end: offset + size };
    if (storedCompression(this.#store, layer) === 'none') return yield* this.#store.blobs.read(layer, range);
    const forward = this.#forward.get(layer) ?? {
      contents: new LayerContents(() => layerTar(this.#store, layer)),
      end: 0,
    };
    this.#forward.set(layer, forward);
    if (offset >= forward.end) {
      forward.end = range.end;
      return yield* forward.contents.read(offset, size);
    }
    yield* readFileRange(await this.#plain(layer), range);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { contents } of this.#forward.values()) await contents.close();
  }

  #plain(layer: Digest): Promise<string> {
    const known = this.#unpacked.get(layer) ?? this.#unpack(layer);
    this.#unpacked.set(layer, known);
    return known;
  }

  async #unpack(layer: Digest): Promise<string> {
    const path = join(this.#scratch, `${layer.replace(':', '-')}.tar`);
    await pipeline(layerTar(this.#store, layer), createWriteStream(path));
    return path;
  }
}
