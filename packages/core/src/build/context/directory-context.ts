import type { Digest } from '../../digest.ts';
import type { HadContent, SourceContent, SourceNode, SourceTree } from '../source-tree.ts';
import { DiskNode } from './disk-node.ts';
import { fromDiskPath } from './disk-path.ts';
import type { FileTable } from './file-table.ts';
import { readFiles } from './read-files.ts';
import { loadDigests, saveDigests, statCachePath } from './stat-cache.ts';
import { type WalkOptions, walkDirectory } from './walk-directory.ts';

export interface DirectoryContextOptions extends WalkOptions {
  /** Where digests are kept from one build to the next; absent: they are not. */
  readonly cacheDirectory?: string;
  /** Tells when the walk begins; the clock of the file system. */
  readonly now?: () => Date;
}

/**
 * Opens a directory on disk as what a build takes files from. All is looked at now, and read when it is asked for.
 * `root` is absolute and no link. Closing keeps the digests. Throws as `walkDirectory` does.
 */
export async function openDirectoryContext(
  root: string,
  options: DirectoryContextOptions = {},
): Promise<SourceTree> {
  const now = options.now ?? (() => new Date());
  const walkedAt = now().getTime();
  const { root: node, table } = await walkDirectory(fromDiskPath(root), options);
  const cache = options.cacheDirectory && statCachePath(options.cacheDirectory, root);
  if (cache) loadDigests(cache, table);
  return new DirectoryContext(node, table, async () => {
    if (!cache || (await saveDigests(cache, table, walkedAt))) return;
    options.onWarning?.(`the digests of the build context could not be kept in ${options.cacheDirectory}`);
  });
}

class DirectoryContext implements SourceTree {
  readonly root: DiskNode;
  readonly readsByPath = true;
  readonly #table: FileTable;
  readonly #keep: () => Promise<void>;

  constructor(root: DiskNode, table: FileTable, keep: () => Promise<void>) {
    this.root = root;
    this.#table = table;
    this.#keep = keep;
  }

  knownDigest(file: SourceNode): Digest | undefined {
    return file instanceof DiskNode ? this.#table.digest(file.place) : undefined;
  }

  isKnown(file: SourceNode): boolean {
    return file instanceof DiskNode && this.#table.isKnown(file.place);
  }

  read(files: Iterable<SourceNode>, signal?: AbortSignal, had?: HadContent): AsyncIterable<SourceContent> {
    return readFiles(Array.from(files, asOwnFile), this.#table, signal, had);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#table.hasNews) return;
    this.#table.hasNews = false;
    await this.#keep();
  }
}

function asOwnFile(file: SourceNode): DiskNode {
  if (!(file instanceof DiskNode) || file.type !== 'file')
    throw new Error('context: not a file of this tree');
  return file;
}
