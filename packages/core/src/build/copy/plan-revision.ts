import { WherryError } from '../../errors.ts';
import type { TarEdit } from '../../layer/revise-layer.ts';
import type { TocIndex } from '../../layer/toc-index.ts';
import { toLatin1 } from '../../tree/tree-path.ts';
import { withoutCommon } from '../cache/file-list.ts';
import type { SourceTree } from '../source-tree.ts';
import type { StepFile, StepFiles } from '../step-inputs.ts';
import type { PlacedEntry } from './layer-files.ts';
import { compareText, textOf } from './path-text.ts';
import { type PlannedFile, type PlannedSource, relativePath } from './planned-source.ts';
import { tarEntry } from './write-copy.ts';

/** A file of a layer that is there now, or no more. */
export interface FileEdit {
  /** Of the earlier layer's entries: the one that goes, or that the file comes before. */
  readonly at: number;
  readonly removes: boolean;
  /** What comes, and where in the layer. */
  readonly file?: PlacedEntry;
}

/** What two lists of files differ in. */
interface FilesDifference {
  /** Paths of files that are others now. */
  readonly changed: ReadonlySet<string>;
  readonly added: ReadonlySet<string>;
  readonly gone: ReadonlySet<string>;
}

/**
 * Finds what files of a layer are to be changed for it to be the one that `write` would write: the layer holds what a
 * list of files says, and nothing else of them, those with content last, in the order in which they are read. So one
 * whose directories, links and devices are the same has the same entries but for its files. `undefined`: it is not that
 * simple.
 */
export function planRevision(
  source: PlannedSource,
  earlier: TocIndex,
  before: Iterable<StepFile>,
  now: StepFiles,
): FileEdit[] | undefined {
  const { origin, match, isArchive } = source;
  if (isArchive || match.node.type !== 'directory' || !origin.tree.readsByPath) return undefined;
  const files = source.files.filter(({ node }) => node.type === 'file');
  // Names of one file are links of each other, which no list tells.
  if (files.length === 0 || new Set(files.map(({ node }) => node)).size < files.length) return undefined;
  const difference = compareFiles(before, now.list());
  if (difference === undefined) return undefined;
  const { added, gone } = difference;
  const start = earlier.length - (files.length - added.size + gone.size);
  return start < 0 ? undefined : editsOf(inOrder(files, gone), earlier, start, difference);
}

/** A file, or the path of one that is gone. */
interface Placed {
  readonly path: string;
  readonly file?: PlannedFile;
}

/** Files as they are read; those that are gone at their old places. */
function inOrder(files: readonly PlannedFile[], gone: ReadonlySet<string>): readonly Placed[] {
  const placed: Placed[] = files.map((file) => ({ path: file.path, file }));
  if (gone.size === 0) return placed;
  for (const path of gone) placed.push({ path });
  // Name by name: no name has a NUL in it.
  return placed
    .map((file) => ({ file, key: file.path.replaceAll('/', '\0') }))
    .sort((a, b) => compareText(a.key, b.key))
    .map(({ file }) => file);
}

/** Entries from `start` on must be those of the files as they were, below one directory. */
function editsOf(
  files: readonly Placed[],
  earlier: TocIndex,
  start: number,
  { changed, added }: FilesDifference,
): FileEdit[] | undefined {
  const [first] = files;
  if (first === undefined) return undefined;
  const below = files.find(({ file }) => file)?.file;
  const skipped = below === undefined ? 0 : below.path.length - relativePath(below).length;
  const edits: { at: number; removes: boolean; path: string; file?: PlannedFile }[] = [];
  let prefix: Uint8Array | undefined;
  let at = start;
  for (const { path, file } of files) {
    if (file && added.has(path)) {
      edits.push({ at, removes: false, path: path.slice(skipped), file });
      continue;
    }
    if (at >= earlier.length || !earlier.isFile(at)) return undefined;
    prefix ??= startOf(earlier.name(at), path.length - skipped);
    if (!earlier.isNamed(at, prefix, path, skipped)) return undefined;
    if (file === undefined) edits.push({ at, removes: true, path: path.slice(skipped) });
    else if (changed.has(path)) edits.push({ at, removes: true, path: path.slice(skipped), file });
    at++;
  }
  const base = prefix && toLatin1(prefix);
  if (base === undefined || at !== earlier.length || !/(?:^|\/)$/.test(base)) return undefined;
  return edits.map(({ at, removes, path, file }) => {
    const placed = file && {
      path: base + path,
      state: file.state,
      node: file.node,
      from: file.source.origin,
    };
    return { at, removes, ...(placed && { file: placed }) };
  });
}

function startOf(name: Uint8Array, restLength: number): Uint8Array {
  return name.subarray(0, Math.max(name.length - restLength, 0));
}

/** Both are sorted by path. `undefined`: they differ in more than files with content. */
function compareFiles(before: Iterable<StepFile>, now: Iterable<StepFile>): FilesDifference | undefined {
  const [changed, added, gone] = [new Set<string>(), new Set<string>(), new Set<string>()];
  const [earlier, later] = withoutCommon(before, now);
  const was = earlier[Symbol.iterator]();
  let old = was.next();
  const passGone = (path?: string) => {
    for (; !old.done && (path === undefined || old.value.path < path); old = was.next()) {
      if (!isFile(old.value)) return false;
      gone.add(old.value.path);
    }
    return true;
  };
  for (const file of later) {
    if (!passGone(file.path)) return undefined;
    const isOld = !old.done && old.value.path === file.path;
    if (isOld && old.value.state === file.state) {
      old = was.next();
      continue;
    }
    if (!isFile(file) || (isOld && !isFile(old.value))) return undefined;
    (isOld ? changed : added).add(file.path);
    if (isOld) old = was.next();
  }
  return passGone() ? { changed, added, gone } : undefined;
}

function isFile({ state }: StepFile): boolean {
  return state.startsWith('type=file ');
}

/**
 * Reads the files of a revision. Throws what reading them throws, and `CONFLICT` for one that is not what it was when
 * its digest was found.
 */
export async function* revisedFiles(
  tree: SourceTree,
  edits: readonly FileEdit[],
  signal?: AbortSignal,
): AsyncGenerator<TarEdit> {
  const nodes = edits.flatMap(({ file }) => (file?.node ? [file.node] : []));
  const contents = tree.read(nodes, signal)[Symbol.asyncIterator]();
  try {
    for (const { at, removes, file } of edits) {
      if (file?.node === undefined) {
        yield { at, removes };
        continue;
      }
      const { node, path } = file;
      const digest = tree.knownDigest(node);
      const next = await contents.next();
      if (next.done || next.value.node !== node) throw new Error('a tree reads what it was asked for');
      yield { at, removes, item: { entry: tarEntry(file, node.size), body: next.value.body } };
      if (tree.knownDigest(node) !== digest) throw changed(path);
    }
  } finally {
    await contents.return?.();
  }
}

function changed(path: string): WherryError {
  return new WherryError('CONFLICT', `${textOf(path)} changed while the build context was read`, {
    hint: 'run the build again when nothing writes to the build context',
    details: { path: textOf(path) },
  });
}
