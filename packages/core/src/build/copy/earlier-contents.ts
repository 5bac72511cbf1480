import { hash } from 'node:crypto';
import type { Digest } from '../../digest.ts';
import type { TocEntry } from '../../layer/toc-format.ts';
import type { HadContent } from '../source-tree.ts';

/** Content that a layer has is read in pieces of this size: files that follow each other there mostly do here too. */
const WINDOW_BYTES = 1024 * 1024;

/** The tar of a layer that an earlier build made. */
export interface PlainTar extends Disposable {
  readonly entries: Iterable<TocEntry>;
  /** Reads up to `size` bytes into memory of their own, blocking; fewer at the end. */
  read(offset: number, size: number): Uint8Array;
}

/**
 * What the files of an earlier layer hold: most of it is in the next layer too, and there thousands of files take a
 * read for each megabyte, not four calls each. The digest decides, so it does not matter what the layer was.
 */
export class EarlierContents {
  readonly #tar: PlainTar;
  /** Hashes of paths to where their content starts: of two paths with one hash, one is not found. */
  readonly #offsets = new Map<number, number>();
  #window: Uint8Array = new Uint8Array(0);
  #windowStart = 0;

  /** Throws `CORRUPT` for a table of contents that is none. */
  constructor(tar: PlainTar) {
    this.#tar = tar;
    for (const { type, name, size, dataOffset } of tar.entries)
      if (type === 'file' && size > 0) this.#offsets.set(hashOfBytes(name), dataOffset);
  }

  /** The content that is to be at `path` in the layer, bytes as `toLatin1` gives them, if it was there before. */
  find(path: string, size: number, digest: Digest): Uint8Array | undefined {
    const offset = this.#offsets.get(hashOfText(path));
    if (offset === undefined || size === 0) return undefined;
    const content = this.#take(offset, size);
    return `sha256:${hash('sha256', content)}` === digest ? content : undefined;
  }

  #take(offset: number, size: number): Uint8Array {
    if (size > WINDOW_BYTES) return this.#tar.read(offset, size);
    if (offset < this.#windowStart || offset + size > this.#windowStart + this.#window.length) {
      this.#window = this.#tar.read(offset, WINDOW_BYTES);
      this.#windowStart = offset;
    }
    const start = offset - this.#windowStart;
    return this.#window.subarray(start, start + size);
  }
}

/** What is had of the files whose paths `pathOf` tells. */
export function hadIn(
  earlier: EarlierContents | undefined,
  pathOf: (node: Parameters<HadContent>[0]) => string | undefined,
): HadContent | undefined {
  if (earlier === undefined) return undefined;
  return (node, digest) => {
    const path = pathOf(node);
    return path === undefined ? undefined : earlier.find(path, node.size, digest);
  };
}

const HASH_START = 0x811c9dc5;
const HASH_FACTOR = 0x01000193;

/** FNV-1a, 32 bit: names as they are would take several times the memory. */
function hashOfBytes(bytes: Uint8Array): number {
  let sum = HASH_START;
  for (let i = 0; i < bytes.length; i++) sum = Math.imul(sum ^ (bytes[i] ?? 0), HASH_FACTOR);
  return sum;
}

function hashOfText(text: string): number {
  let sum = HASH_START;
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), HASH_FACTOR);
  return sum;
}
