import { randomBytes } from 'node:crypto';
import { mkdir, open, realpath, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isErrno } from '../errors.ts';

const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

/**
 * Replaces a file as a whole: readers see the old text or the new, never half. Only the owner may read it.
 * Where `path` is a symbolic link its target is replaced and the link stays.
 */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: DIRECTORY_MODE });
  const target = await resolved(path);
  const temporary = `${target}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    // `wx` does not follow a link that somebody put there first.
    const file = await open(temporary, 'wx', FILE_MODE);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function resolved(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return path;
    throw error;
  }
}
