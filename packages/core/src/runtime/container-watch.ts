import { systemClock } from '../clock.ts';
import { throwIfCancelled } from '../errors.ts';
import type { ContainerPaths } from './container-directory.ts';
import { watchIfPossible } from './monitor/watch-path.ts';

/** What a container prints passes through files of its directory: looks are not more frequent than this. */
const SHORTEST_WAIT_MS = 5;
/** Where the kernel tells nothing, looks come at least this often. */
const LONGEST_WAIT_MS = 100;

/** Tells when it is worth to look at a container's facts again. */
export interface ContainerWatch extends Disposable {
  /** Resolves when something has changed since the last time, or after a while. Throws `CANCELLED`. */
  next(signal?: AbortSignal): Promise<void>;
}

/** Watches the files of a container, which may go meanwhile. */
export function watchContainer({ directory }: ContainerPaths): ContainerWatch {
  let hasChanged = false;
  let wake = () => {};
  const watcher = watchIfPossible(directory, () => {
    hasChanged = true;
    wake();
  });
  watcher?.on('error', () => undefined);
  return {
    next: async (signal) => {
      throwIfCancelled(signal);
      await systemClock.sleep(SHORTEST_WAIT_MS);
      if (!hasChanged && !signal?.aborted)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, LONGEST_WAIT_MS);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
          signal?.addEventListener('abort', wake, { once: true });
        });
      signal?.removeEventListener('abort', wake);
      hasChanged = false;
      throwIfCancelled(signal);
    },
    [Symbol.dispose]: () => watcher?.close(),
  };
}
