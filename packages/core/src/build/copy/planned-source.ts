import { WherryError } from '../../errors.ts';
import type { SourceNode } from '../source-tree.ts';
import { isArchive } from './archive-source.ts';
import type { BuildTimes, CopyOrigin, CopyRequest, OriginKind } from './copy-request.ts';
import type { ModeChange } from './file-mode.ts';
import type { FileState } from './layer-files.ts';
import type { Owner } from './ownership.ts';
import { textOf } from './path-text.ts';
import {
  baseName,
  ExcludePatterns,
  type FileFilter,
  IncludePattern,
  splitPivot,
  visitFiles,
} from './source-files.ts';
import { findSources, type SourceMatch } from './source-paths.ts';
import { hasWildcards } from './wildcards.ts';

/** A source that was found, and its files as they will be. */
export interface PlannedSource extends FoundSource {
  /**
   * The file, or what is in the directory: what a directory holds is copied, not the directory, as the destination has
   * attributes of its own.
   */
  readonly files: readonly PlannedFile[];
  /** It is unpacked. */
  readonly isArchive: boolean;
}

interface FoundSource {
  readonly origin: CopyOrigin;
  readonly match: SourceMatch;
}

/** One of any number: objects that are larger, or more of them, show in the memory that a build takes. */
export interface PlannedFile {
  readonly source: FoundSource;
  /** In the source's tree, bytes as `toLatin1` gives them. */
  readonly path: string;
  readonly node: SourceNode;
  readonly state: FileState;
  /** A directory that is there only for what is in it: one that exists stays as it is. */
  readonly isOnWay: boolean;
}

const ROOT = { uid: 0, gid: 0 };

/** What is the same for all files of an instruction. */
export interface Rules {
  readonly owner: Owner | undefined;
  readonly changeMode: ModeChange | undefined;
  readonly times: BuildTimes;
}

/** Finds all sources, in the order of the instruction. Throws what finding one throws. */
export async function planSources(
  request: CopyRequest,
  rules: Rules,
  signal?: AbortSignal,
): Promise<PlannedSource[]> {
  const excludes = request.exclude?.length ? new ExcludePatterns(request.exclude) : undefined;
  const sources: PlannedSource[] = [];
  for (const origin of request.origins)
    for (const source of origin.sources)
      for (const found of plannedSources(request, origin, source, excludes, rules))
        sources.push({ ...found, isArchive: await isUnpacked(request, found, signal) });
  return sources;
}

function plannedSources(
  request: CopyRequest,
  origin: CopyOrigin,
  source: string,
  excludes: ExcludePatterns | undefined,
  rules: Rules,
): Omit<PlannedSource, 'isArchive'>[] {
  const { tree, kind } = origin;
  const faults = { verb: request.verb, isContext: kind === 'context' };
  const pivot = request.keepsParents && kind !== 'heredoc' ? splitPivot(source) : undefined;
  const filter: FileFilter = {
    ...(excludes && { excludes }),
    ...(pivot && { includes: new IncludePattern(pivot.pattern) }),
  };
  // Without wildcards it must be there, as everywhere.
  if (pivot && !hasWildcards(pivot.base) && !hasWildcards(pivot.pattern))
    findSources(tree.root, `${pivot.base}/${pivot.pattern}`, faults);
  return findSources(tree.root, pivot?.base ?? source, faults).flatMap((match) => {
    const files = plannedFiles({ origin, match }, filter, rules);
    return files ? [{ origin, match, files }] : [];
  });
}

async function isUnpacked(
  { verb, unpack }: CopyRequest,
  { origin, match }: FoundSource,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (verb !== 'ADD' || !(unpack ?? origin.kind === 'context')) return false;
  return isArchive(origin.tree, match.node, signal);
}

/** `undefined`: the source is left out. */
function plannedFiles(source: FoundSource, filter: FileFilter, rules: Rules): PlannedFile[] | undefined {
  const { match, origin } = source;
  const name = baseName(match.path);
  const isDirectory = match.node.type === 'directory';
  if (!isDirectory && filter.excludes?.excludes(textOf(name))) return undefined;
  refuseWhiteout(name, 0);
  const stateOf = stateMaker(origin.kind, rules);
  if (!isDirectory)
    return [{ source, path: match.path, node: match.node, state: stateOf(match.node), isOnWay: false }];
  const files: PlannedFile[] = [];
  const start = relativeStart(match);
  visitFiles(match.path, match.node, filter, (path, node, isOnWay) => {
    refuseWhiteout(path, start);
    files.push({ source, path, node, state: stateOf(node), isOnWay });
  });
  return files;
}

/** Where a file's path below its source begins in its path. */
function relativeStart({ path }: SourceMatch): number {
  return path === '' ? 0 : path.length + 1;
}

/** Where a file goes, below where its source does; a source that is a file lands under a name that others choose. */
export function relativePath({ path, source: { match } }: PlannedFile): string {
  return path.slice(relativeStart(match));
}

/** In a layer such a name says that a file is gone: that of the rest of the name. Errors show the path from `start` on. */
function refuseWhiteout(path: string, start: number): void {
  if (!path.startsWith('.wh.', path.lastIndexOf('/') + 1)) return;
  throw new WherryError(
    'UNSUPPORTED',
    `${textOf(path.slice(start))}: names that begin with .wh. mark what is deleted, an image cannot hold them`,
    { hint: 'leave the file out with --exclude or .dockerignore' },
  );
}

/** States of files that differ in nothing are one object: most files of a source are like the one before. */
function stateMaker(kind: OriginKind, rules: Rules): (node: SourceNode) => FileState {
  let last: FileState | undefined;
  return (node) => {
    const state = stateOf(node, kind, rules);
    if (last === undefined || !isSameState(last, state)) last = state;
    return last;
  };
}

function isSameState(a: FileState, b: FileState): boolean {
  return (
    a.mode === b.mode &&
    a.type === b.type &&
    a.mtime === b.mtime &&
    a.mtimeNs === b.mtimeNs &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.link.length + b.link.length === 0 &&
    a.devMajor === b.devMajor &&
    a.devMinor === b.devMinor &&
    a.xattrs === b.xattrs
  );
}

function stateOf(node: SourceNode, kind: OriginKind, { owner, changeMode, times }: Rules): FileState {
  const { type, link, devMajor, devMinor, xattrs } = node;
  const mode = type === 'symlink' ? node.mode : (changeMode?.(node.mode, type === 'directory') ?? node.mode);
  const { uid, gid } = owner ?? (kind === 'image' ? node : ROOT);
  const isNew = kind === 'context' || kind === 'heredoc';
  const isLate = !isNew && times.latest !== undefined && node.mtime >= times.latest;
  const mtime = isNew ? times.epoch : isLate ? times.latest : node.mtime;
  const mtimeNs = isNew || isLate ? 0 : node.mtimeNs;
  const state = { type, mode, uid, gid, mtime, mtimeNs, link, devMajor, devMinor };
  return xattrs ? { ...state, xattrs } : state;
}
