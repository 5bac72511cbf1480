import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import type { PlainTar } from '../../build/copy/earlier-contents.ts';
import { COMPRESSION_HEAD_BYTES, detectCompression } from '../../compression/detect.ts';
import { tocPath } from '../../content/store-paths.ts';
import type { Digest } from '../../digest.ts';
import { isErrno } from '../../errors.ts';
import type { EarlierTar } from '../../layer/revise-layer.ts';
import { TocIndex } from '../../layer/toc-index.ts';
import { readToc } from '../../layer/toc-reader.ts';
import type { Store } from '../store/store.ts';

/**
 * Opens a layer blob that is a tar as it is, to read pieces of it, also when the blob is removed meanwhile.
 * `undefined`: it is packed, it or its table of contents is not there.
 */
export function openPlainTar(store: Store, digest: Digest): BlobTar | undefined {
  let file: number | undefined;
  try {
    const toc = readFileSync(tocPath(store.root, digest));
    file = openSync(store.blobs.pathOf(digest), 'r');
    const tar = new BlobTar(file, toc);
    const isPlain = detectCompression(tar.read(0, COMPRESSION_HEAD_BYTES)) === 'none';
    if (isPlain) file = undefined;
    return isPlain ? tar : undefined;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

export class BlobTar implements PlainTar {
  readonly entries: ReturnType<typeof readToc>;
  readonly #file: number;
  readonly #toc: Uint8Array;

  constructor(file: number, toc: Uint8Array) {
    this.#file = file;
    this.#toc = toc;
    this.entries = readToc(toc);
  }

  read(offset: number, size: number): Uint8Array {
    const buffer = Buffer.allocUnsafeSlow(size);
    let length = 0;
    while (length < size) {
      const count = readSync(this.#file, buffer, length, size - length, offset + length);
      if (count === 0) break;
      length += count;
    }
    return buffer.subarray(0, length);
  }

  /** All that is known of the layer. Throws `CORRUPT` as `readToc` does. */
  whole(): EarlierTar {
    const readInto = (buffer: Uint8Array, offset: number) =>
      readSync(this.#file, buffer, 0, buffer.length, offset);
    return { toc: new TocIndex(this.#toc), readInto };
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}
