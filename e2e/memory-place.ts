import { readFileSync, statfsSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';

const MEMORY = '/dev/shm';
const GIB = 2 ** 30;
/** What the largest of the tests' sandboxes takes, with room for another one. */
const MIN_ROOM_BYTES = 10 * GIB;
/** With it the programs of the tests have some left, too. */
const MIN_AVAILABLE_BYTES = 14 * GIB;

/**
 * Where to put files that nothing is asked of but their content: on disk half of such a test's time is waiting for them
 * to be flushed. In memory, where there is plenty of it and programs in it may be run; else where all temporary files are.
 */
export function memoryPlace(): string {
  return isRoomy() ? MEMORY : tmpdir();
}

function isRoomy(): boolean {
  try {
    const mount = readFileSync('/proc/self/mounts', 'utf8').match(/^\S+ \/dev\/shm tmpfs (\S+)/m);
    if (!mount?.[1] || /\bnoexec\b/.test(mount[1])) return false;
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= MIN_ROOM_BYTES && freemem() >= MIN_AVAILABLE_BYTES;
  } catch {
    return false;
  }
}
