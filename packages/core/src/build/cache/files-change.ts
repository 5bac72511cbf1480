import type { StepFile, StepFiles } from '../step-inputs.ts';
import { stateDifference } from './file-state.ts';

/** How many files are named. */
const MAX_NAMED = 10;

export interface FileChange {
  /** As `toLatin1` gives it. */
  readonly path: string;
  readonly kind: 'changed' | 'new' | 'gone';
  /** Of one that changed: `content`, `mode`, …; may be empty. */
  readonly what?: readonly string[];
}

/** The files of a step are not what they were. */
export interface FilesChange {
  readonly kind: 'files';
  /** How many; absent: what they were is not known any more. */
  readonly count?: number;
  /** The first of them, by path: those that changed, then those that are new, then those that are gone. */
  readonly files: readonly FileChange[];
}

/** Compares the files that a step had with those that it has. */
export function filesChange(before: Iterable<StepFile> | undefined, now: StepFiles | undefined): FilesChange {
  if (before === undefined) return { kind: 'files', files: [] };
  const old = new Map<string, string>();
  for (const { path, state } of before) old.set(path, state);
  const changed = new NamedFiles();
  const added = new NamedFiles();
  for (const { path, state } of now?.list() ?? []) {
    const was = old.get(path);
    old.delete(path);
    if (was === undefined) added.add({ path, kind: 'new' });
    else if (was !== state) changed.add({ path, kind: 'changed', what: stateDifference(was, state) });
  }
  const gone = new NamedFiles();
  for (const path of old.keys()) gone.add({ path, kind: 'gone' });
  const files = [changed, added, gone].flatMap(({ first }) => first).slice(0, MAX_NAMED);
  return { kind: 'files', count: changed.count + added.count + gone.count, files };
}

/** Counts all, and keeps a few: a context may have any number of files. */
class NamedFiles {
  readonly first: FileChange[] = [];
  count = 0;

  add(file: FileChange): void {
    this.count++;
    if (this.first.length < MAX_NAMED) this.first.push(file);
  }
}
