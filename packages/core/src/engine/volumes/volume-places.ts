import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { makeStoreDirectory } from '../../content/durable-file.ts';
import { acquireFileLock, type FileLock, tryFileLock } from '../../content/file-lock.ts';
import { namesIn } from '../../content/names-in.ts';
import { isVolumeName } from './volume-record.ts';

const LOCKS = '.locks';
/** No volume's name begins with a full stop. */
const UNFINISHED = /^\.(?:new|old)-(.+)$/;

/**
 * Where a store's volumes lie:
 *
 *     volumes/NAME/_data           what is in it
 *     volumes/NAME/volume.json     what is known of it
 *     volumes/NAME/fill-new        a copy of what the image has, in the making
 *     volumes/NAME/fill            the whole copy, on its way into _data
 *     volumes/.new-NAME            a volume in the making
 *     volumes/.old-NAME            one on its way out
 *     volumes/.locks/NAME          held while one is made, filled or removed
 */
export class VolumePlaces {
  readonly directory: string;

  constructor(root: string) {
    this.directory = join(root, 'volumes');
  }

  pathOf(name: string): string {
    return join(this.directory, name);
  }

  dataOf(name: string): string {
    return join(this.directory, name, '_data');
  }

  recordOf(name: string): string {
    return join(this.directory, name, 'volume.json');
  }

  fillOf(name: string): string {
    return join(this.directory, name, 'fill');
  }

  newFillOf(name: string): string {
    return join(this.directory, name, 'fill-new');
  }

  newPathOf(name: string): string {
    return join(this.directory, `.new-${name}`);
  }

  oldPathOf(name: string): string {
    return join(this.directory, `.old-${name}`);
  }

  has(name: string): boolean {
    return isVolumeName(name) && existsSync(this.pathOf(name));
  }

  /** Sorted. */
  async names(): Promise<string[]> {
    return (await namesIn(this.directory)).filter(isVolumeName).sort();
  }

  /** What was not made, or not removed, to its end, by the names of the volumes; what lies here and is none of ours. */
  async others(): Promise<{ readonly unfinished: readonly string[]; readonly strange: readonly string[] }> {
    const unfinished = new Set<string>();
    const strange: string[] = [];
    for (const entry of (await namesIn(this.directory)).sort()) {
      const name = UNFINISHED.exec(entry)?.[1];
      if (name !== undefined && isVolumeName(name)) unfinished.add(name);
      else if (entry !== LOCKS && !isVolumeName(entry)) strange.push(entry);
    }
    return { unfinished: [...unfinished], strange };
  }

  /** Waits for the lock of a volume, which need not be there. Throws `CANCELLED`. */
  async lock(name: string, signal?: AbortSignal): Promise<FileLock> {
    return acquireFileLock(await this.#lockPath(name), { signal });
  }

  /** The lock of a volume, if nobody has it. */
  async tryLock(name: string): Promise<FileLock | undefined> {
    return tryFileLock(await this.#lockPath(name));
  }

  /** Removes the files of locks whose holders are dead. */
  async dropDeadLocks(): Promise<void> {
    for (const name of await namesIn(join(this.directory, LOCKS)))
      tryFileLock(join(this.directory, LOCKS, name))?.release({ remove: true });
  }

  async #lockPath(name: string): Promise<string> {
    const directory = join(this.directory, LOCKS);
    await makeStoreDirectory(directory);
    return join(directory, name);
  }
}
