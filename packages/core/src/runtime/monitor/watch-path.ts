import { type FSWatcher, watch } from 'node:fs';
import { isErrno } from '../../errors.ts';

/**
 * Asks the kernel to tell of changes at a path. `undefined`: there is nothing yet, or the system's watches are used
 * up, as many containers at once may do; a caller looks from time to time anyway.
 */
export function watchIfPossible(path: string, onChange: () => void): FSWatcher | undefined {
  try {
    return watch(path, onChange);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EMFILE', 'ENOSPC')) return undefined;
    throw error;
  }
}
