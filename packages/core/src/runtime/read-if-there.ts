import { readFileSync } from 'node:fs';
import { isErrno } from '../errors.ts';

/** The text of a small file; `undefined`: there is no such file. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
