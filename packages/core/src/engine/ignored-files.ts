import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
  type IgnoreDirectory,
  IgnoreMatcher,
  type IgnorePattern,
  IgnorePatternError,
  parseIgnoreFile,
} from '@wherry/dockerfile';
import { toStorageError } from '../content/storage-error.ts';
import { isErrno, throwIfCancelled, WherryError } from '../errors.ts';
import type { VerbOptions } from '../events.ts';
import type { IgnoredFile, IgnoredFilesRequest } from './build-request.ts';

interface IgnoreFile {
  readonly path: string;
  readonly patterns: readonly IgnorePattern[];
}

const IGNORE_FILE = '.dockerignore';

/**
 * Lists what the ignore file of a build keeps out of its context, in the order of the paths, with the line that does.
 * A directory that is out with all that is in it is listed alone. Throws `INVALID_ARGUMENT` for a pattern that is none.
 */
export async function ignoredFiles(
  request: IgnoredFilesRequest,
  { signal }: VerbOptions = {},
): Promise<IgnoredFile[]> {
  const file = await findIgnoreFile(request);
  if (file === undefined) return [];
  const found: IgnoredFile[] = [];
  for await (const { path, pattern } of walk(request.context, '', matcherOf(file).root, signal))
    found.push({ path, rule: { file: file.path, line: pattern.line, pattern: pattern.text } });
  return found;
}

/** The Dockerfile's own comes first. BK `dockerui/config.go`. */
async function findIgnoreFile({ context, dockerfile }: IgnoredFilesRequest): Promise<IgnoreFile | undefined> {
  const own = dockerfile ?? join(context, 'Dockerfile');
  for (const path of [join(dirname(own), `${basename(own)}${IGNORE_FILE}`), join(context, IGNORE_FILE)])
    try {
      return { path, patterns: parseIgnoreFile(await readFile(path)) };
    } catch (error) {
      if (!isErrno(error, 'ENOENT', 'ENOTDIR')) throw toStorageError(error, `read ${path}`);
    }
  return undefined;
}

function matcherOf({ path, patterns }: IgnoreFile): IgnoreMatcher {
  try {
    return new IgnoreMatcher(patterns);
  } catch (error) {
    if (!(error instanceof IgnorePatternError)) throw error;
    throw new WherryError('INVALID_ARGUMENT', `${path}:${error.pattern.line}: ${error.message}`, {
      cause: error,
    });
  }
}

async function* walk(
  context: string,
  directory: string,
  ignored: IgnoreDirectory,
  signal: AbortSignal | undefined,
): AsyncGenerator<{ readonly path: string; readonly pattern: IgnorePattern }> {
  throwIfCancelled(signal);
  for (const entry of await entriesOf(join(context, directory))) {
    const path = directory === '' ? entry.name : `${directory}/${entry.name}`;
    if (!entry.isDirectory()) {
      const { isExcluded, decidedBy } = ignored.judge(entry.name);
      if (isExcluded && decidedBy !== undefined) yield { path, pattern: decidedBy };
      continue;
    }
    const below = ignored.enter(entry.name);
    if (below.isExcluded && !below.mayReincludeBelow && below.decidedBy !== undefined)
      yield { path: `${path}/`, pattern: below.decidedBy };
    else yield* walk(context, path, below, signal);
  }
}

async function entriesOf(directory: string) {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    throw toStorageError(error, `read ${directory}`);
  }
}
