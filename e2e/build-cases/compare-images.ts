import { BASE_TIME } from './bases.ts';
import type { HistoryEntry, SavedImage, TreeFile } from './saved-images.ts';
import { CONTEXT_TIME } from './write-context.ts';

/** Where two results differ, and how. */
export interface Difference {
  /** `tree /path`, `time /path`, `config Env`, `history 3`, `status`, `error`. */
  readonly at: string;
  readonly ours: unknown;
  readonly theirs: unknown;
}

export interface CompareOptions {
  /** Files that a build may leave as they are. */
  readonly base: SavedImage;
  /** `texts`: also what each step is called; `shape`: only whether it made a layer. */
  readonly history: 'texts' | 'shape' | 'none';
}

const CONFIG_FIELDS = [
  ...['Env', 'Cmd', 'Entrypoint', 'User', 'WorkingDir', 'Volumes', 'ExposedPorts', 'Labels', 'OnBuild'],
  ...['Healthcheck', 'StopSignal', 'Shell', 'ArgsEscaped'],
];
const TOP_FIELDS = ['author', 'architecture', 'os', 'variant'];

/** Compares a built image with Docker's. Times follow our rule: those of nothing that was made now, or of the context. */
export function compareImages(ours: SavedImage, theirs: SavedImage, options: CompareOptions): Difference[] {
  const fields = CONFIG_FIELDS.map((name) => [name, ours.config.config, theirs.config.config] as const);
  const top = TOP_FIELDS.map((name) => [name, ours.config, theirs.config] as const);
  return [
    ...[...fields, ...top].flatMap(([name, own, other]) =>
      difference(`config ${name}`, unlessEmpty(own?.[name]), unlessEmpty(other?.[name])),
    ),
    ...(options.history === 'none' ? [] : compareHistories(ours, theirs, options.history)),
    ...compareTrees(ours, theirs, options.base),
  ];
}

function compareTrees(ours: SavedImage, theirs: SavedImage, base: SavedImage): Difference[] {
  const found: Difference[] = [];
  for (const path of new Set([...ours.tree.keys(), ...theirs.tree.keys()])) {
    const own = ours.tree.get(path);
    const other = theirs.tree.get(path);
    found.push(...difference(`tree ${path}`, own?.description, other?.description));
    if (own !== undefined && !isTimely(own, other, base.tree.get(path)))
      found.push({ at: `time ${path}`, ours: own.mtime, theirs: other?.mtime });
  }
  return found;
}

/** Stages on nothing have the first epoch, all others that of the bases. */
const EPOCHS = [0, BASE_TIME];

/** What we write has the stage's epoch; what comes from elsewhere has its own time, and no file of a context has. */
function isTimely({ mtime }: TreeFile, other?: TreeFile, base?: TreeFile): boolean {
  if (EPOCHS.includes(mtime)) return true;
  return mtime !== CONTEXT_TIME && (mtime === other?.mtime || mtime === base?.mtime);
}

function compareHistories(ours: SavedImage, theirs: SavedImage, depth: 'texts' | 'shape'): Difference[] {
  const show = ({ created_by, empty_layer = false, author, comment }: HistoryEntry) =>
    depth === 'shape'
      ? { empty_layer }
      : // Of files it has a digest, over their archive in Docker and over what is in it in ours.
        { empty_layer, author, comment, by: created_by?.replace(/(file|dir|multi):[0-9a-f]{64}/, '$1:…') };
  // BuildKit has no entry for ONBUILD.
  const own = ours.history.filter(
    ({ created_by = '' }) => depth === 'texts' || !created_by.includes('#(nop)  ONBUILD '),
  );
  const other = theirs.history;
  const found = difference('history', own.length, other.length);
  for (let i = 0; i < Math.min(own.length, other.length); i++)
    found.push(...difference(`history ${i}`, show(own[i] ?? {}), show(other[i] ?? {})));
  return found;
}

export function difference(at: string, ours: unknown, theirs: unknown): Difference[] {
  return canonical(ours) === canonical(theirs) ? [] : [{ at, ours, theirs }];
}

function canonical(value: unknown): string | undefined {
  return JSON.stringify(value, (_, each) =>
    each !== null && typeof each === 'object' && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}

/** Nothing, `null` and what has no elements are all the same to who runs it. */
function unlessEmpty(value: unknown): unknown {
  if (value === null || value === '' || value === false) return undefined;
  return typeof value === 'object' && Object.keys(value as object).length === 0 ? undefined : value;
}
