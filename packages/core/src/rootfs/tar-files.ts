import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isErrno, throwIfCancelled, WherryError } from '../errors.ts';
import { readTar, type TarFile } from '../tar/reader.ts';
import { noUsableTar } from './tar-child.ts';
import { endOf, nameList, type TarReader } from './tar-list.ts';
import { shownName } from './unpack/safe-path.ts';

/** What tar says of a file that others write while it is read; its entry has the size that it began with. */
const HARMLESS = /: (?:file changed as we read it|File removed before we read it|socket ignored)$/;
const SHRANK = /: File shrank by \d+ bytes?; padding with zeros$/;

/** A tar that reads what it is told to. Disposing ends it, whatever it is at. */
export interface WaitingTar extends AsyncDisposable {
  readonly child: TarReader;
  readonly end: ReturnType<typeof endOf>;
}

/** Takes a `tar` of `startTarOf` whose names come later, or never. */
export function waitingTar(child: TarReader): WaitingTar {
  const end = endOf(child);
  // Whoever tells it names looks at it.
  end.catch(() => undefined);
  return {
    ...{ child, end },
    [Symbol.asyncDispose]: async () => {
      child.kill();
      // Its end is told only when nothing is left to be read.
      child.stdout.destroy();
      await Promise.allSettled([end]);
    },
  };
}

/** Files as `tar` reads them. */
export interface ReadFiles extends AsyncDisposable {
  readonly entries: AsyncIterator<TarFile>;
  /** Judges what was said of them, after the last one. */
  finish(): Promise<void>;
  /** Why reading them broke off with `error`. */
  explain(error: unknown): Promise<unknown>;
}

export const NO_FILES: ReadFiles = {
  entries: (async function* () {})(),
  finish: async () => {},
  explain: async (error) => error,
  [Symbol.asyncDispose]: async () => {},
};

/**
 * Has a tar read the named files, in the order of the names, one character per byte. A file that
 * grows or goes away meanwhile is taken as it was, or left out; throws `CONFLICT` for one that shrinks,
 * `UNSUPPORTED` without a usable tar program, `CANCELLED`.
 */
export function readFiles(
  tar: WaitingTar,
  names: readonly string[],
  signal: AbortSignal | undefined,
): ReadFiles {
  const { child, end } = tar;
  const entries = readTar(child.stdout);
  // Either may fail while the other is waited for.
  const settled = Promise.allSettled([end, pipeline(Readable.from(nameList(names)), child.stdin)]);
  const stop = async () => {
    await tar[Symbol.asyncDispose]();
    const [ended] = await settled;
    return ended;
  };
  return {
    entries,
    finish: async () => {
      const { stderr, status } = await end;
      checkMessages(stderr, status);
    },
    explain: async (error) => {
      const ended = await stop();
      throwIfCancelled(signal);
      if (ended.status === 'fulfilled') checkMessages(ended.value.stderr, 0);
      else if (isErrno(ended.reason, 'ENOENT')) return noUsableTar(ended.reason);
      return error;
    },
    [Symbol.asyncDispose]: async () => {
      await stop();
      await entries.return();
    },
  };
}

function checkMessages(stderr: string, status: number | null): void {
  const lines = stderr.split('\n').filter((line) => line !== '' && !HARMLESS.test(line));
  const shrank = lines.find((line) => SHRANK.test(line));
  if (shrank !== undefined)
    throw new WherryError('CONFLICT', `${shownName(fileIn(shrank))} changed while it was read`, {
      hint: 'stop the container, or pause it, and try again',
    });
  const failure = lines.find((line) => !/Exiting with failure status/.test(line));
  if (failure !== undefined)
    throw new WherryError('INTERNAL', `tar failed: ${failure.replace(/^tar: /, '')}`);
  // 1: some files differ, which the messages told.
  if (status !== 0 && status !== 1) throw new WherryError('INTERNAL', `tar failed: exit status ${status}`);
}

function fileIn(message: string): string {
  return message.replace(/^tar: (?:\.\/)?/, '').replace(SHRANK, '');
}
