import type { ByteSource } from '../../bytes/byte-source.ts';
import { WherryError } from '../../errors.ts';
import { ImageTree } from '../../tree/image-tree.ts';
import { fromLatin1 } from '../../tree/tree-path.ts';
import type { SourceNode, SourceTree } from '../source-tree.ts';
import type { StepFiles } from '../step-inputs.ts';
import {
  checkReplacement,
  type Destination,
  DirectoryCursor,
  parseDestination,
  placeSource,
} from './destination.ts';
import { type ModeChange, parseMode } from './file-mode.ts';
import { type FileContent, type FileState, LayerFiles, type NewEntry, put, typeOf } from './layer-files.ts';
import { type Owner, parseOwner, type ReadLower } from './ownership.ts';
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
import { type StepFileFacts, summariseFiles } from './step-files.ts';
import { hasWildcards } from './wildcards.ts';
import { writeCopy } from './write-copy.ts';

/**
 * Whose files they are. Those of a context and of the Dockerfile itself get the owner 0:0 and the epoch as their
 * time; an image's keep their owners and times; fetched ones keep their times.
 */
export type OriginKind = 'context' | 'heredoc' | 'image' | 'fetched';

/** A tree that is copied from, and what of it: `['/']` is all. */
export interface CopyOrigin {
  readonly kind: OriginKind;
  readonly tree: SourceTree;
  /** Paths and patterns, variables expanded. */
  readonly sources: readonly string[];
}

/** A COPY or ADD, variables expanded. */
export interface CopyRequest {
  readonly verb: 'COPY' | 'ADD';
  /** In the order of the instruction: later files replace earlier ones. */
  readonly origins: readonly CopyOrigin[];
  readonly destination: string;
  readonly chown?: string;
  readonly chmod?: string;
  /** The layer is made as if there were nothing below it. */
  readonly isLinked?: boolean;
  readonly keepsParents?: boolean;
  readonly exclude?: readonly string[];
}

/** The times of a build, seconds since 1970. */
export interface BuildTimes {
  /** What the build itself makes has this one. */
  readonly epoch: number;
  /** `SOURCE_DATE_EPOCH`, where that is set: no file is younger. */
  readonly latest?: number;
}

/** The stage that is copied to. */
export interface CopyStage {
  /** Its files; asked for when the layer is written, or sooner where the answer depends on them. */
  readonly lower: () => Promise<ImageTree>;
  readonly readLower: ReadLower;
  /** Absolute. */
  readonly workdir: string;
  readonly times: BuildTimes;
}

/** A source that was found, and its files as they will be. */
interface PlannedSource {
  readonly origin: CopyOrigin;
  readonly match: SourceMatch;
  readonly files: readonly PlannedFile[];
}

interface PlannedFile extends SourceFile {
  readonly state: FileState;
}

/** What is the same for all files of an instruction. */
interface Rules {
  readonly owner: Owner | undefined;
  readonly changeMode: ModeChange | undefined;
  readonly times: BuildTimes;
}

/**
 * Plans a COPY or ADD: finds its sources and settles what their files will be; nothing is read but the stage's
 * `/etc/passwd` and `/etc/group`, for names in `--chown`. BK reference, "COPY" and "ADD". Throws in Docker's words
 * `FILE_NOT_FOUND` for sources, `INVALID_ARGUMENT` for options and for several sources that would share one name.
 */
export async function prepareCopy(request: CopyRequest, stage: CopyStage): Promise<CopyPlan> {
  const rules: Rules = {
    owner: request.chown ? await parseOwner(request.chown, stage.readLower) : undefined,
    changeMode: request.chmod ? parseMode(request.chmod) : undefined,
    times: stage.times,
  };
  const excludes = request.exclude?.length ? new ExcludePatterns(request.exclude) : undefined;
  const sources = request.origins.flatMap((origin) =>
    origin.sources.flatMap((source) => plannedSources(request, origin, source, excludes, rules)),
  );
  if (sources.length === 0)
    throw new WherryError('FILE_NOT_FOUND', `${request.verb} failed: no source files were specified`);
  const plan = new CopyPlan(request, stage, rules, sources);
  await plan.checkCount();
  return plan;
}

/** A COPY or ADD that can be written. */
export class CopyPlan {
  readonly #request: CopyRequest;
  readonly #sources: readonly PlannedSource[];
  readonly #destination: Destination;
  readonly #lower: () => Promise<ImageTree>;
  /** Of directories that are made on the way. */
  readonly #made: FileState;

  constructor(request: CopyRequest, stage: CopyStage, rules: Rules, sources: readonly PlannedSource[]) {
    this.#request = request;
    this.#sources = sources;
    this.#destination = parseDestination(request.destination, stage.workdir);
    this.#lower = request.isLinked ? async () => new ImageTree() : stage.lower;
    this.#made = madeDirectory(rules.times.epoch, rules.owner);
  }

  /**
   * The files that decide what the layer will be; `undefined`: some must be read first, which `write` does, so that
   * nothing is read twice.
   */
  files(): StepFiles | undefined {
    const facts: StepFileFacts[] = [];
    for (const { origin, match, files } of this.#sources) {
      for (const file of files) if (!isSourceDirectory(file)) facts.push(stepFile(origin, match, file));
    }
    return summariseFiles(facts);
  }

  /**
   * The layer's tar, uncompressed. The same sources give the same bytes. Throws `CONFLICT` in Docker's words where
   * files and directories meet, and what reading the sources throws; all at the first read.
   */
  async *write(signal?: AbortSignal): ByteSource {
    const files = new LayerFiles(await this.#lower());
    for (const source of this.#sources) this.#place(files, source);
    yield* writeCopy(files.entries(), signal);
  }

  /** One name for several files would leave the last one alone. Throws `INVALID_ARGUMENT` in Docker's words. */
  async checkCount(): Promise<void> {
    if (this.#sources.length < 2 || this.#destination.isDirectory) return;
    if (this.#sources.every(({ match }) => match.node.type === 'directory')) return;
    const files = new LayerFiles(await this.#lower());
    const existing = files.find(files.resolve(this.#destination.elements));
    if (existing && typeOf(existing) === 'directory') return;
    throw new WherryError(
      'INVALID_ARGUMENT',
      `When using ${this.#request.verb} with more than one source file, the destination must be a directory and end with a /`,
    );
  }

  #place(files: LayerFiles, { origin, match, files: planned }: PlannedSource): void {
    const source = { path: match.path, isDirectory: match.node.type === 'directory' };
    const target = placeSource(files, this.#destination, source, this.#made);
    // BuildKit keeps the links among the files of one source, not those between two.
    const contents = new Map<SourceNode, FileContent>();
    const directories = new DirectoryCursor(files, target);
    for (const file of planned) {
      if (isSourceDirectory(file)) continue;
      const place = directories.place(file.path);
      const type = typeOf(place);
      if (file.isOnWay && type === 'directory') continue;
      checkReplacement(file.node, type, directories.shownPath(file.path));
      put(place, newEntry(file, origin.tree, contents));
    }
  }
}

function newEntry(
  { node, state }: PlannedFile,
  tree: SourceTree,
  contents: Map<SourceNode, FileContent>,
): NewEntry {
  if (node.type !== 'file') return { state };
  const content = contents.get(node) ?? { size: node.size, tree, node };
  contents.set(node, content);
  return { state, content };
}

function plannedSources(
  request: CopyRequest,
  origin: CopyOrigin,
  source: string,
  excludes: ExcludePatterns | undefined,
  rules: Rules,
): PlannedSource[] {
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

function madeDirectory(epoch: number, owner: Owner | undefined): FileState {
  const { uid, gid } = owner ?? { uid: 0, gid: 0 };
  const rest = { mtime: epoch, mtimeNs: 0, link: fromLatin1(''), devMajor: 0, devMinor: 0 };
  return { type: 'directory', mode: 0o755, uid, gid, ...rest };
}

function stepFile(
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
function isSourceDirectory({ path, node }: Pick<SourceFile, 'path' | 'node'>): boolean {
  return path === '' && node.type === 'directory';
}
