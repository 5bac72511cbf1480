import { isWherryError } from '@wherry/core';
import { watchFiles } from '../access/watched-files.ts';
import type { LoadedSettings } from '../settings/load-settings.ts';
import type { Log } from './logger.ts';

/**
 * Reads the settings again and says in the log what came of it; `ifNew`: only where that is anything. Settings that
 * are wrong change nothing.
 */
export async function reloadSettings(
  settings: Pick<LoadedSettings, 'reload'>,
  log: Log,
  { ifNew = false }: { readonly ifNew?: boolean } = {},
): Promise<void> {
  try {
    const { changed, needRestart } = await settings.reload();
    if (!ifNew || changed.length > 0) log.info('settings were read again', { changed });
    if (needRestart.length > 0) log.warn('settings have changed that need a restart', { keys: needRestart });
  } catch (error) {
    // Whatever it is: a service does not end because of a file that it need not read.
    const hint = isWherryError(error) ? error.hint : undefined;
    log.error(`settings stay what they were: ${error instanceof Error ? error.message : String(error)}`, {
      hint,
    });
  }
}

/** Reads the settings again whenever their file changes. */
export async function watchSettings(
  settings: Pick<LoadedSettings, 'path' | 'reload'>,
  log: Log,
): Promise<Disposable> {
  const files = await watchFiles([settings.path], () => reloadSettings(settings, log, { ifNew: true }));
  return { [Symbol.dispose]: () => files.close() };
}
