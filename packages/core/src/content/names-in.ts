import { readdir } from 'node:fs/promises';
import { isErrno } from '../errors.ts';

/** The names in a directory, in no order; none, if there is no such directory. */
export async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}
