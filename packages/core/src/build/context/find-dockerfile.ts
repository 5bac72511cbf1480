import { lstat, realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, parse, relative, resolve, sep } from 'node:path';
import { isErrno, WherryError } from '../../errors.ts';

const DEFAULT_NAMES = ['Dockerfile', 'dockerfile'];

/** The Dockerfile of a build context on disk. */
export interface FoundDockerfile {
  /** Absolute, as it was asked for: its own ignore file lies beside it. */
  readonly path: string;
  /** Absolute, without links: what is read. */
  readonly realPath: string;
  /** From the root of the context, with slashes; `undefined`: it lies outside. */
  readonly name: string | undefined;
}

/**
 * The directory that `path` names, absolute and without links. Throws with Docker's texts: `FILE_NOT_FOUND`,
 * `INVALID_ARGUMENT` for what is no directory.
 */
export async function resolveContextDirectory(path: string): Promise<string> {
  try {
    await stat(path);
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR')) throw error;
    throw unprepared('FILE_NOT_FOUND', `path ${JSON.stringify(path)} not found`, error);
  }
  const resolved = await realpath(path);
  if (!(await stat(resolved)).isDirectory())
    throw unprepared('INVALID_ARGUMENT', `context must be a directory: ${resolved}`);
  return resolved;
}

/**
 * Finds the Dockerfile of a context: `file`, which is relative to `workingDirectory`, or else the one of the default
 * name. It may lie outside. Throws `FILE_NOT_FOUND` with Docker's text, `INVALID_ARGUMENT` for a directory.
 */
export async function findDockerfile(
  contextRoot: string,
  file?: string,
  workingDirectory = process.cwd(),
): Promise<FoundDockerfile> {
  const path = file ? resolve(workingDirectory, file) : await defaultDockerfile(contextRoot);
  const realPath = await evaluate(path);
  if ((await stat(realPath)).isDirectory())
    throw new WherryError('INVALID_ARGUMENT', `read ${path}: is a directory`);
  const inside = relative(contextRoot, realPath);
  const isOutside = inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside);
  return { path, realPath, name: isOutside ? undefined : inside.split(sep).join('/') };
}

async function defaultDockerfile(contextRoot: string): Promise<string> {
  const paths = DEFAULT_NAMES.map((name) => join(contextRoot, name));
  for (const path of paths) if (await isThere(path)) return path;
  return join(contextRoot, 'Dockerfile');
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}

async function evaluate(path: string): Promise<string> {
  const failed = 'unable to evaluate symlinks in Dockerfile path';
  try {
    return await realpath(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT'))
      throw unprepared(
        'FILE_NOT_FOUND',
        `${failed}: lstat ${await firstMissing(path)}: no such file or directory`,
        error,
      );
    if (isErrno(error, 'ENOTDIR')) throw unprepared('FILE_NOT_FOUND', `${failed}: not a directory`, error);
    if (isErrno(error, 'ELOOP'))
      throw unprepared('INVALID_ARGUMENT', `${failed}: EvalSymlinks: too many links`, error);
    if (isErrno(error, 'EACCES'))
      throw unprepared('PERMISSION_DENIED', `${failed}: lstat ${path}: permission denied`, error);
    throw error;
  }
}

/** Docker names the part of a path at which the way ends. */
async function firstMissing(path: string): Promise<string> {
  const parent = dirname(path);
  if (parent === parse(path).root || (await isThere(parent))) return path;
  return firstMissing(parent);
}

function unprepared(
  code: 'FILE_NOT_FOUND' | 'INVALID_ARGUMENT' | 'PERMISSION_DENIED',
  message: string,
  cause?: unknown,
): WherryError {
  return new WherryError(code, `unable to prepare context: ${message}`, {
    ...(cause !== undefined && { cause }),
  });
}
