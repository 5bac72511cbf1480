import type { ByteSource } from '../../bytes/byte-source.ts';
import { WherryError } from '../../errors.ts';
import type { TarEdit } from '../../layer/revise-layer.ts';
import type { TocIndex } from '../../layer/toc-index.ts';
import { ImageTree } from '../../tree/image-tree.ts';
import type { StepFile, StepFiles } from '../step-inputs.ts';
import { addArchive } from './add-archive.ts';
import { ArchiveSource } from './archive-source.ts';
import type { BuildTimes, CopyRequest, CopyStage } from './copy-request.ts';
import {
  checkReplacement,
  type Destination,
  DirectoryCursor,
  parseDestination,
  placeSource,
} from './destination.ts';
import type { EarlierContents } from './earlier-contents.ts';
import { parseMode } from './file-mode.ts';
import { type FileState, LayerFiles, madeDirectory, type PlacedEntry, put, typeOf } from './layer-files.ts';
import { parseOwner } from './ownership.ts';
import { type FileEdit, planRevision, revisedFiles } from './plan-revision.ts';
import {
  type PlannedFile,
  type PlannedSource,
  planSources,
  type Rules,
  relativePath,
} from './planned-source.ts';
import { readUnknown, SMALL_SHARE } from './read-unknown.ts';
import { summariseFiles } from './step-files.ts';
import { writeCopy } from './write-copy.ts';

/**
 * Plans a COPY or ADD: finds its sources and settles what their files will be; nothing is read but the
 * stage's `/etc/passwd` and `/etc/group`, for names in `--chown`, and the heads of what ADD may unpack. BK reference, "COPY" and "ADD". Throws in Docker's words
 * `FILE_NOT_FOUND` for sources, `INVALID_ARGUMENT` for options and for several sources that would share one name.
 */
export async function prepareCopy(
  request: CopyRequest,
  stage: CopyStage,
  signal?: AbortSignal,
): Promise<CopyPlan> {
  const rules: Rules = {
    owner: request.chown ? await parseOwner(request.chown, stage.readLower) : undefined,
    changeMode: request.chmod ? parseMode(request.chmod) : undefined,
    times: stage.times,
  };
  const sources = await planSources(request, rules, signal);
  if (sources.length === 0)
    throw new WherryError('FILE_NOT_FOUND', `${request.verb} failed: no source files were specified`);
  const plan = new CopyPlan(request, stage, rules, sources);
  await plan.checkCount();
  return plan;
}

/** A header, and what is left of a file's last block, on average. */
const BYTES_AN_ENTRY = 768;

/** What a COPY or ADD takes: one file, a directory, or several of them. */
export type CopyShape = 'file' | 'dir' | 'multi';

/** A COPY or ADD that can be written. */
export class CopyPlan {
  readonly #request: CopyRequest;
  readonly #sources: readonly PlannedSource[];
  readonly #destination: Destination;
  readonly #lower: () => Promise<ImageTree>;
  readonly #times: BuildTimes;
  /** Of directories that are made on the way. */
  readonly #made: FileState;

  constructor(request: CopyRequest, stage: CopyStage, rules: Rules, sources: readonly PlannedSource[]) {
    this.#request = request;
    this.#sources = sources;
    this.#destination = parseDestination(request.destination, stage.workdir);
    this.#lower = request.isLinked ? async () => new ImageTree() : stage.lower;
    this.#times = rules.times;
    this.#made = madeDirectory(rules.times.epoch, rules.owner);
  }

  get shape(): CopyShape {
    const [first, ...others] = this.#sources;
    if (first === undefined || others.length > 0) return 'multi';
    return first.match.node.type === 'directory' ? 'dir' : 'file';
  }

  /**
   * The files that decide what the layer will be; `undefined`: some must be read first, which `write` does, so that
   * nothing is read twice.
   */
  files(): StepFiles | undefined {
    const all: PlannedFile[] = [];
    for (const { files } of this.#sources) for (const file of files) all.push(file);
    return summariseFiles(all);
  }

  /** About how long the tar will be; `undefined`: what is in an archive is not known yet. */
  get tarBytes(): number | undefined {
    let bytes = 0;
    for (const { isArchive, files } of this.#sources) {
      if (isArchive) return undefined;
      for (const { node } of files) bytes += node.size + BYTES_AN_ENTRY;
    }
    return bytes;
  }

  /**
   * Reads the files whose content nobody knows, if that is little work next to writing the layer: a layer that turns
   * out to be there already need not be written then. `false`: it is not.
   */
  readUnknown(signal?: AbortSignal): Promise<boolean> {
    return readUnknown(this.#sources, SMALL_SHARE, signal);
  }

  /** The files, once the layer is written. Those that others of the step replaced are in no layer, and read now. */
  async writtenFiles(signal?: AbortSignal): Promise<StepFiles> {
    const files = this.files();
    if (files) return files;
    await readUnknown(this.#sources, 1, signal);
    const all = this.files();
    if (all === undefined) throw new Error('what was read is known');
    return all;
  }

  /**
   * The layer's tar, uncompressed. The same sources give the same bytes. Throws `CONFLICT` in Docker's words where
   * files and directories meet, and what reading the sources throws; all at the first read. `earlier` is the layer
   * that was made of like files.
   */
  async *write(signal?: AbortSignal, earlier?: EarlierContents): ByteSource {
    yield* writeCopy(await this.#entries(signal), signal, earlier);
  }

  /**
   * What makes the layer of one that the same instruction made on the same stage when its files were those of `before`;
   * `undefined`: it cannot be told from the lists of files. As `write` it throws what reading the sources throws.
   */
  async revise(
    earlier: TocIndex,
    before: Iterable<StepFile>,
    now: StepFiles,
    signal?: AbortSignal,
  ): Promise<AsyncIterable<TarEdit> | undefined> {
    const [source, ...others] = this.#sources;
    if (source === undefined || others.length > 0) return undefined;
    const revision = planRevision(source, earlier, before, now);
    if (revision === undefined) return undefined;
    const added = revision.filter(({ file, removes }) => file && !removes);
    if (added.length > 0 && (await this.#standsOnDirectory(added))) return undefined;
    return revisedFiles(source.origin.tree, revision, signal);
  }

  /** Then the layer cannot be written, which `write` says. */
  async #standsOnDirectory(edits: readonly FileEdit[]): Promise<boolean> {
    const files = new LayerFiles(await this.#lower());
    return edits.some(({ file }) => {
      const existing = file && files.find(file.path.split('/'));
      return existing !== undefined && typeOf(existing) === 'directory';
    });
  }

  /** The stage's tree goes when the entries are known: reading takes longest, and memory is short then. */
  async #entries(signal?: AbortSignal): Promise<PlacedEntry[]> {
    const files = new LayerFiles(await this.#lower());
    for (const source of this.#sources) {
      if (source.isArchive) await this.#unpack(files, source, signal);
      else this.#place(files, source);
    }
    return files.entries();
  }

  /** The next source would replace what the first one makes of the destination; what makes a directory of it may. */
  async checkCount(): Promise<void> {
    if (this.#sources.length < 2 || this.#destination.isDirectory) return;
    const [first] = this.#sources;
    if (first === undefined || first.isArchive || first.match.node.type === 'directory') return;
    const files = new LayerFiles(await this.#lower());
    const existing = files.find(files.resolve(this.#destination.elements));
    if (existing && typeOf(existing) === 'directory') return;
    throw new WherryError(
      'INVALID_ARGUMENT',
      `When using ${this.#request.verb} with more than one source file, the destination must be a directory and end with a /`,
    );
  }

  /** The destination is a directory then, whatever it is called. */
  async #unpack(files: LayerFiles, { origin, match }: PlannedSource, signal?: AbortSignal): Promise<void> {
    const wanted = files.resolve(this.#destination.elements);
    const directory = files.makeDirectories(wanted, this.#made);
    const archive = new ArchiveSource(origin.tree, match.node);
    // The owner of `--chown` is that of the directory alone.
    const rules = { made: madeDirectory(this.#times.epoch), latest: this.#times.latest };
    await addArchive(directory, archive, rules, signal);
  }

  #place(files: LayerFiles, { origin, match, files: planned }: PlannedSource): void {
    const source = { path: match.path, isDirectory: match.node.type === 'directory' };
    const target = placeSource(files, this.#destination, source, this.#made);
    // BuildKit keeps the links among the files of one source, not those between two.
    const from = { tree: origin.tree };
    const directories = new DirectoryCursor(files, target);
    for (const file of planned) {
      const { node, state } = file;
      const path = relativePath(file);
      const place = directories.place(path);
      const type = typeOf(place);
      if (file.isOnWay && type === 'directory') continue;
      checkReplacement(node, type, () => directories.shownPath(path));
      put(place, node.type === 'file' ? { state, node, from } : { state, node: undefined, from: undefined });
    }
  }
}
