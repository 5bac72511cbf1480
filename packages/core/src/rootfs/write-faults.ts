import { WherryError } from '../errors.ts';
import { shownName } from './unpack/safe-path.ts';

/** A name at which something is mounted: nothing can take its place. Docker's words. */
export function busy(path: string): WherryError {
  return new WherryError('CONFLICT', `unlinkat ${shown(path)}: device or resource busy`, {
    hint: 'a file that is mounted cannot be replaced: write to it from inside, with exec',
  });
}

/** What an archive may not ask for. */
export function refusedName(message: string): WherryError {
  return new WherryError('INVALID_TAR', message);
}

/** As Go's `%q` shows most names; one character per byte. */
export function quoted(path: string): string {
  return JSON.stringify(Buffer.from(path, 'latin1').toString('utf8'));
}

export function shown(path: string): string {
  return `/${shownName(path)}`;
}
