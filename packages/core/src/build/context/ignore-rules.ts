import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { IgnoreMatcher, IgnorePatternError, parseIgnoreFile } from '@wherry/dockerfile';
import { isErrno, WherryError } from '../../errors.ts';

/** An ignore file, ready to match. */
export interface IgnoreRules {
  /** Its name, for explanations. */
  readonly file: string;
  readonly matcher: IgnoreMatcher;
}

/**
 * The rules of a context on disk: of `<Dockerfile>.dockerignore`, or else of `.dockerignore`; without one,
 * `undefined`. `dockerfile` is where the Dockerfile was asked for; absent for one that is no file. Throws
 * `INVALID_ARGUMENT` for a bad pattern.
 */
export async function readIgnoreRules(
  contextRoot: string,
  dockerfile?: string,
): Promise<IgnoreRules | undefined> {
  const candidates = [
    ...(dockerfile === undefined ? [] : [`${dockerfile}.dockerignore`]),
    join(contextRoot, '.dockerignore'),
  ];
  for (const path of candidates) {
    const bytes = await readIfThere(path);
    if (bytes !== undefined) return parseIgnoreRules(path, bytes);
  }
  return undefined;
}

/** Makes rules of an ignore file's bytes. Throws `INVALID_ARGUMENT` with Docker's text for a bad pattern. */
export function parseIgnoreRules(file: string, bytes: Uint8Array): IgnoreRules {
  try {
    const patterns = parseIgnoreFile(bytes, { isWindows: process.platform === 'win32' });
    return { file, matcher: new IgnoreMatcher(patterns) };
  } catch (cause) {
    if (!(cause instanceof IgnorePatternError)) throw cause;
    const { line, text } = cause.pattern;
    throw new WherryError('INVALID_ARGUMENT', `error checking context: ${cause.message}`, {
      hint: `the pattern ${JSON.stringify(text)} is on line ${line} of ${file}`,
      details: { file, line, pattern: text },
      cause,
    });
  }
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    if (isErrno(error, 'EISDIR'))
      throw new WherryError('INVALID_ARGUMENT', `error reading .dockerignore: read ${path}: is a directory`, {
        cause: error,
      });
    if (isErrno(error, 'EACCES'))
      throw new WherryError('PERMISSION_DENIED', `open ${path}: permission denied`, { cause: error });
    throw error;
  }
}
