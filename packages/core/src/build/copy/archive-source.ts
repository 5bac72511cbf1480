import type { ByteSource } from '../../bytes/byte-source.ts';
import { decompressAuto } from '../../compression/decompress.ts';
import type { Digest } from '../../digest.ts';
import { isWherryError, throwIfCancelled } from '../../errors.ts';
import { readTar } from '../../tar/reader.ts';
import type { TarEntry } from '../../tar/scanner.ts';
import type { SourceContent, SourceNode, SourceTree } from '../source-tree.ts';
import { madeDirectory } from './layer-files.ts';

/** An entry of an archive; its file, if it is one, can be read later. */
export interface ArchiveEntry {
  readonly entry: TarEntry;
  readonly file: SourceNode;
}

/**
 * The files of an archive that lies in another tree, packed in any way that Docker unpacks: they are found by going
 * through it once, and read by going through it once more, so that however large it is nothing is kept.
 */
export class ArchiveSource implements SourceTree {
  readonly root: SourceNode = { ...madeDirectory(0), type: 'directory', size: 0, children: new Map() };
  readonly #tree: SourceTree;
  readonly #archive: SourceNode;
  readonly #positions = new Map<SourceNode, number>();

  constructor(tree: SourceTree, archive: SourceNode) {
    this.#tree = tree;
    this.#archive = archive;
  }

  /** All entries, in the order of the archive. Throws `INVALID_TAR`, `TRUNCATED`, `CORRUPT`. */
  async *entries(signal?: AbortSignal): AsyncGenerator<ArchiveEntry> {
    let position = 0;
    for await (const { entry } of readTar(unpacked(this.#tree, this.#archive, signal))) {
      throwIfCancelled(signal);
      const file: SourceNode = { ...entry, type: 'file' };
      this.#positions.set(file, position++);
      yield { entry, file };
    }
  }

  knownDigest(): Digest | undefined {
    return undefined;
  }

  async *read(files: Iterable<SourceNode>, signal?: AbortSignal): AsyncIterable<SourceContent> {
    const wanted = new Map([...files].map((file) => [this.#positions.get(file), file]));
    let position = 0;
    for await (const { body } of readTar(unpacked(this.#tree, this.#archive, signal))) {
      const node = wanted.get(position++);
      if (node === undefined) continue;
      throwIfCancelled(signal);
      yield { node, body };
      wanted.delete(position - 1);
      // The first time through has seen that the rest is sound.
      if (wanted.size === 0) return;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#positions.clear();
  }
}

/** Tells whether a file is an archive that ADD unpacks: its content says so, whatever its name is. */
export async function isArchive(tree: SourceTree, file: SourceNode, signal?: AbortSignal): Promise<boolean> {
  if (file.type !== 'file') return false;
  try {
    for await (const _ of readTar(unpacked(tree, file, signal))) return true;
    return false;
  } catch (error) {
    // An archive of what a layer cannot hold is one nevertheless.
    if (isWherryError(error, 'INVALID_TAR')) return error.details.isWellFormed === true;
    if (isWherryError(error, 'TRUNCATED', 'CORRUPT')) return false;
    throw error;
  }
}

async function* unpacked(tree: SourceTree, archive: SourceNode, signal?: AbortSignal): ByteSource {
  for await (const { body } of tree.read([archive], signal)) {
    const iterator = flowing(body)[Symbol.asyncIterator]();
    try {
      yield* decompressAuto({ [Symbol.asyncIterator]: () => ({ next: () => iterator.next() }) });
      // What follows a packed stream's end is the archive's too: only read to its end it gets its digest.
      while (!(await iterator.next()).done);
    } finally {
      await iterator.return?.();
    }
  }
}

async function* flowing(body: ByteSource | Uint8Array): ByteSource {
  if (body instanceof Uint8Array) yield body;
  else yield* body;
}
