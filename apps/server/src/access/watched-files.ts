import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Editors write, rename and chmod in one go: they are one change. */
const SETTLE_MS = 100;
/** Not every file system tells of changes. */
const LOOK_AGAIN_MS = 5_000;

export interface WatchedFiles {
  close(): void;
}

/**
 * Calls `onChange` after files came, changed or went. Directories are watched, as editors and secret mounts put
 * another file in the place of the first, and the files' times are looked at now and then besides. `onChange`
 * runs once at a time; it is its business to catch what goes wrong.
 */
export async function watchFiles(
  paths: readonly string[],
  onChange: () => Promise<void>,
): Promise<WatchedFiles> {
  let seen = await stateOf(paths);
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> = Promise.resolve();
  const look = async () => {
    const now = await stateOf(paths);
    if (now === seen) return;
    seen = now;
    await onChange();
  };
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      looking = looking.then(look);
    }, SETTLE_MS).unref();
  };
  const watchers = [...new Set(paths.map((path) => dirname(path)))].flatMap((path) => watched(path, soon));
  const interval = setInterval(soon, LOOK_AGAIN_MS).unref();
  return {
    close: () => {
      clearTimeout(timer);
      clearInterval(interval);
      for (const watcher of watchers) watcher.close();
    },
  };
}

/** A directory that cannot be watched is only looked at. */
function watched(directory: string, onEvent: () => void): FSWatcher[] {
  try {
    const watcher = watch(directory, { persistent: false }, onEvent);
    watcher.on('error', () => watcher.close());
    return [watcher];
  } catch {
    return [];
  }
}

async function stateOf(paths: readonly string[]): Promise<string> {
  const states = await Promise.all(paths.map(stateOfOne));
  return states.join('\n');
}

async function stateOfOne(path: string): Promise<string> {
  try {
    const { mtimeNs, size, ino } = await stat(path, { bigint: true });
    return `${mtimeNs} ${size} ${ino}`;
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}
