import { WherryError } from '../../errors.ts';
import type { SourceNode } from '../source-tree.ts';
import { isArchive } from './archive-source.ts';
import type { BuildTimes, CopyOrigin, CopyRequest, OriginKind } from './copy-request.ts';
import type { ModeChange } from './file-mode.ts';
import type { FileState } from './layer-files.ts';
import type { Owner } from './ownership.ts';
import { joinPath, textOf } from './path-text.ts';
import {
  baseName,
  ExcludePatterns,
  type FileFilter,
  IncludePattern,
  type SourceFile,
  sourceFiles,
  splitPivot,
} from './source-files.ts';
import { findSources, type SourceMatch } from './source-paths.ts';
import type { StepFileFacts } from './step-files.ts';
import { hasWildcards } from './wildcards.ts';

/** A source that was found, and its files as they will be. */
export interface PlannedSource {
  readonly origin: CopyOrigin;
  readonly match: SourceMatch;
  readonly files: readonly PlannedFile[];
  /** It is unpacked. */
  readonly isArchive: boolean;
}

export interface PlannedFile extends SourceFile {
  readonly state: FileState;
}

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
    const files = plannedFiles(match, filter, kind, rules);
    return files.length > 0 ? [{ origin, match, files }] : [];
  });
}

async function isUnpacked(
  { verb, unpack }: CopyRequest,
  { origin, match }: Pick<PlannedSource, 'origin' | 'match'>,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (verb !== 'ADD' || !(unpack ?? origin.kind === 'context')) return false;
  return isArchive(origin.tree, match.node, signal);
}

function plannedFiles(match: SourceMatch, filter: FileFilter, kind: OriginKind, rules: Rules): PlannedFile[] {
  if (match.node.type !== 'directory' && filter.excludes?.excludes(textOf(baseName(match.path)))) return [];
  const states = new Map<SourceNode, FileState>();
  const files: PlannedFile[] = [];
  for (const file of sourceFiles(match.node, filter)) {
    refuseWhiteout(file.path || baseName(match.path));
    const state = states.get(file.node) ?? stateOf(file.node, kind, rules);
    states.set(file.node, state);
    files.push({ ...file, state });
  }
  return files;
}

/** In a layer such a name says that a file is gone: that of the rest of the name. */
function refuseWhiteout(path: string): void {
  if (!baseName(path).startsWith('.wh.')) return;
  throw new WherryError(
    'UNSUPPORTED',
    `${textOf(path)}: names that begin with .wh. mark what is deleted, an image cannot hold them`,
    { hint: 'leave the file out with --exclude or .dockerignore' },
  );
}

function stateOf(node: SourceNode, kind: OriginKind, { owner, changeMode, times }: Rules): FileState {
  const { type, link, devMajor, devMinor, xattrs } = node;
  const mode = type === 'symlink' ? node.mode : (changeMode?.(node.mode, type === 'directory') ?? node.mode);
  const { uid, gid } = owner ?? (kind === 'image' ? node : { uid: 0, gid: 0 });
  const state = { type, mode, uid, gid, link, devMajor, devMinor, ...(xattrs && { xattrs }) };
  return { ...state, ...timeOf(node, kind, times) };
}

function timeOf(node: SourceNode, kind: OriginKind, { epoch, latest }: BuildTimes) {
  if (kind === 'context' || kind === 'heredoc') return { mtime: epoch, mtimeNs: 0 };
  if (latest !== undefined && node.mtime >= latest) return { mtime: latest, mtimeNs: 0 };
  return { mtime: node.mtime, mtimeNs: node.mtimeNs };
}

/** What a file of a source has to say in the step's inputs. */
export function stepFile(
  { tree }: CopyOrigin,
  match: SourceMatch,
  { path, node, state }: PlannedFile,
): StepFileFacts {
  return {
    path: path === '' ? match.path : joinPath(match.path, path),
    target: match.node.type === 'directory' ? path : baseName(match.path),
    state,
    ...(node.type === 'file' && { content: { size: node.size, digest: tree.knownDigest(node) } }),
  };
}

/** What a directory holds is copied, not the directory: the destination has attributes of its own. */
export function isSourceDirectory({ path, node }: Pick<SourceFile, 'path' | 'node'>): boolean {
  return path === '' && node.type === 'directory';
}
