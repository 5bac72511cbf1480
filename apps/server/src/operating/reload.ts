import { isWherryError } from '@wherry/core';
import type { LoadedSettings } from '../settings/load-settings.ts';
import type { Log } from './logger.ts';

/** Reads the settings again and says in the log what came of it. Settings that are wrong change nothing. */
export async function reloadSettings(settings: Pick<LoadedSettings, 'reload'>, log: Log): Promise<void> {
  try {
    const { changed, needRestart } = await settings.reload();
    log.info('settings were read again', { changed });
    if (needRestart.length > 0) log.warn('settings have changed that need a restart', { keys: needRestart });
  } catch (error) {
    // Whatever it is: a service does not end because of a file that it need not read.
    const hint = isWherryError(error) ? error.hint : undefined;
    log.error(`settings stay what they were: ${error instanceof Error ? error.message : String(error)}`, {
      hint,
    });
  }
}
