import { hash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { IgnoreMatcher } from '@wherry/dockerfile';
import type { ByteSource } from '../../bytes/byte-source.ts';
import { createNodeHasher } from '../../bytes/node-hasher.ts';
import type { Digest } from '../../digest.ts';
import { throwIfCancelled, WherryError } from '../../errors.ts';
import type { SourceContent, SourceNode, SourceTree } from '../source-tree.ts';
import { ArchiveTree } from './archive-tree.ts';
import { type SpooledTar, spoolTar } from './spool.ts';

/** Small files come out of one piece of the archive; larger ones in pieces of this size. */
const WINDOW_BYTES = 256 * 1024;

export interface ArchiveContextOptions {
  /** Where the archive is kept, unpacked, as long as the context is open. */
  readonly scratchDirectory: string;
  readonly signal?: AbortSignal;
}

/** A build context that came as an archive. */
export interface ArchiveContext extends SourceTree {
  /**
   * The same files but those that `ignore` leaves out: the rules are in the archive itself, and known only now. It
   * shares digests with this one, and ends with it; closing it does nothing.
   */
  without(ignore: IgnoreMatcher): SourceTree;
}

/**
 * Opens a tar, packed in whatever way, as what a build takes files from: from the standard input, a file or a
 * download. `source` is read to its end. Throws as `spoolTar` does, and `INVALID_TAR` for hostile names.
 */
export async function openArchiveContext(
  source: ByteSource,
  options: ArchiveContextOptions,
): Promise<ArchiveContext> {
  const spooled = await spoolTar(source, options.scratchDirectory, options.signal);
  try {
    return new SpooledContext(spooled, new ArchiveTree(spooled.entries));
  } catch (error) {
    await spooled[Symbol.asyncDispose]();
    throw error;
  }
}

class SpooledContext implements ArchiveContext {
  readonly root: SourceNode;
  readonly #spooled: SpooledTar;
  readonly #tree: ArchiveTree;
  readonly #digests = new Map<SourceNode, Digest>();

  constructor(spooled: SpooledTar, tree: ArchiveTree) {
    this.#spooled = spooled;
    this.#tree = tree;
    this.root = tree.root();
  }

  without(ignore: IgnoreMatcher): SourceTree {
    return {
      root: this.#tree.root(ignore),
      knownDigest: (file) => this.knownDigest(file),
      read: (files, signal) => this.read(files, signal),
      [Symbol.asyncDispose]: async () => undefined,
    };
  }

  knownDigest(file: SourceNode): Digest | undefined {
    return this.#digests.get(file);
  }

  async *read(files: Iterable<SourceNode>, signal?: AbortSignal): AsyncGenerator<SourceContent> {
    const places = Array.from(new Set(files), (node) => ({ node, offset: this.#offsetOf(node) }));
    const window = new Window(this.#spooled.file);
    for (const { node, offset } of places.sort((a, b) => a.offset - b.offset)) {
      throwIfCancelled(signal);
      if (node.size > WINDOW_BYTES) {
        yield { node, body: this.#readLarge(node, offset, signal) };
        continue;
      }
      const body = await window.take(offset, node.size);
      this.#digests.set(node, `sha256:${hash('sha256', body)}` as Digest);
      yield { node, body };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#spooled[Symbol.asyncDispose]();
  }

  async *#readLarge(node: SourceNode, offset: number, signal: AbortSignal | undefined): ByteSource {
    const hasher = createNodeHasher();
    for (let at = 0; at < node.size; ) {
      throwIfCancelled(signal);
      const chunk = await readAt(this.#spooled.file, offset + at, Math.min(WINDOW_BYTES, node.size - at));
      hasher.update(chunk);
      at += chunk.length;
      if (at === node.size) this.#digests.set(node, hasher.digest());
      yield chunk;
    }
  }

  #offsetOf(file: SourceNode): number {
    const offset = this.#tree.offsetOf(file);
    if (offset === undefined) throw new Error('context: not a file of this tree');
    return offset;
  }
}

/** A piece of the archive, of which files that follow each other are cut. */
class Window {
  readonly #file: FileHandle;
  #bytes: Uint8Array = new Uint8Array(0);
  #start = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async take(offset: number, size: number): Promise<Uint8Array> {
    if (size === 0) return new Uint8Array(0);
    if (offset < this.#start || offset + size > this.#start + this.#bytes.length) {
      this.#bytes = await readAt(this.#file, offset, WINDOW_BYTES, size);
      this.#start = offset;
    }
    return this.#bytes.subarray(offset - this.#start, offset - this.#start + size);
  }
}

/** Reads up to `size` bytes into memory of their own, at least `need`. */
async function readAt(file: FileHandle, offset: number, size: number, need = size): Promise<Uint8Array> {
  const buffer = Buffer.allocUnsafeSlow(size);
  let length = 0;
  while (length < need) {
    const { bytesRead } = await file.read(buffer, length, size - length, offset + length);
    // Somebody cut the scratch file off.
    if (bytesRead === 0) throw new WherryError('TRUNCATED', 'unexpected EOF', { details: { offset } });
    length += bytesRead;
  }
  return buffer.subarray(0, length);
}
