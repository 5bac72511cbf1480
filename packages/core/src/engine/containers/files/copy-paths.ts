import { posix } from 'node:path';
import { type ErrorCode, WherryError } from '../../../errors.ts';

/** What is copied. */
export interface CopySource {
  readonly isDirectory: boolean;
  /** The last component of its path; `.` when what is in it is meant, `''` for the root. */
  readonly base: string;
  /** What a link that was followed is called. */
  readonly rebase?: string;
}

/** Where it is to go. */
export interface CopyDestination {
  /** As the user says it, made absolute: a slash or `/.` at its end says that it is a directory. */
  readonly path: string;
  readonly exists: boolean;
  readonly isDirectory: boolean;
}

/** The directory that a copy is unpacked into, and what the copied thing is called there. */
export interface CopyPlace {
  readonly directory: string;
  readonly name: string;
}

/**
 * Settles where a copy goes and what it is called there. Throws `INVALID_ARGUMENT` in Docker's words: a directory onto
 * a file, a file into a directory that is not there. Docker's documentation, `docker container cp`, "Extended
 * description".
 */
export function placeOf(source: CopySource, destination: CopyDestination): CopyPlace {
  const { path, exists, isDirectory } = destination;
  if (exists && isDirectory) return { directory: path, name: source.rebase ?? source.base };
  if (exists && source.isDirectory) throw copyFault('cannot copy directory');
  if (!exists && !source.isDirectory && assertsDirectory(path)) throw copyFault('no such directory');
  return splitEntry(path);
}

/** What is wrong with how a copy was asked for: `details.isUsage` tells it from what goes wrong in the container. */
export function copyFault(
  message: string,
  code: ErrorCode = 'INVALID_ARGUMENT',
  cause?: unknown,
): WherryError {
  return new WherryError(code, message, { details: { isUsage: true }, cause });
}

/** Makes a path absolute and clean, but for a slash or `/.` at its end: they say something. */
export function keepAssertion(clean: string, original: string): string {
  if (posix.basename(original) === '.' && posix.basename(clean) !== '.')
    return clean.endsWith('/') ? `${clean}.` : `${clean}/.`;
  return original.endsWith('/') && !clean.endsWith('/') ? `${clean}/` : clean;
}

/** A path in a container, which is absolute whatever it looks like. */
export function containerPath(path: string): string {
  return keepAssertion(withoutSlash(posix.join('/', path)), path);
}

/** Tells whether a path says by its end that it is a directory. */
export function assertsDirectory(path: string): boolean {
  return path.endsWith('/') || posix.basename(path) === '.';
}

/** The directory of an entry, and its name there: of what ends in `/.` the directory itself, and `.`. */
export function splitEntry(path: string): CopyPlace {
  const clean = withoutSlash(posix.normalize(path));
  const entry = posix.basename(path) === '.' ? `${clean}/.` : clean;
  return { directory: posix.dirname(entry), name: posix.basename(entry) };
}

function withoutSlash(path: string): string {
  return path.replace(/(?<=.)\/+$/, '');
}
