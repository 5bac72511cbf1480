import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { TAR_XATTR_ARGS, tarEnvironment } from './tar-child.ts';

const NAMES_AT_ONCE = 1000;
const MAX_MESSAGE_CHARS = 64 * 1024;
/** Blocks that tar writes at once: 64 KiB, what a pipe takes. */
const RECORD_BLOCKS = '128';
/** Times that nobody here reads would make each header longer by two blocks. */
const PAX_OPTION = '--pax-option=delete=atime,delete=ctime';
const SECONDS_OPTION = `${PAX_OPTION},delete=mtime`;

export type TarReader = ChildProcessByStdio<Writable, Readable, Readable>;

/** Of the names alone, or of all below them too, names in the order of their bytes. */
export type TarReach = readonly ['--no-recursion'] | readonly ['--sort=name', ...string[]];

/**
 * Starts a tar that writes an archive of the names it is given as PAX to stdout. It goes down into directories
 * without following links, whoever swaps one for another meanwhile; a name of several parts it does follow.
 */
export function startTarOf(
  directory: string,
  signal?: AbortSignal,
  reach: TarReach = ['--no-recursion'],
): TarReader {
  return startTar(directory, PAX_OPTION, reach, signal);
}

/**
 * The same for names alone and times in whole seconds, half as long for small files. A time that the plain header cannot
 * say, before 1970 or after 2242, is 0 there.
 */
export function startTarOfSeconds(directory: string, signal?: AbortSignal): TarReader {
  return startTar(directory, SECONDS_OPTION, ['--no-recursion'], signal);
}

function startTar(
  directory: string,
  paxOption: string,
  reach: TarReach,
  signal: AbortSignal | undefined,
): TarReader {
  const format = [
    '-c',
    '-f',
    '-',
    '-b',
    RECORD_BLOCKS,
    '--format=posix',
    '--numeric-owner',
    paxOption,
    ...TAR_XATTR_ARGS,
  ];
  return spawn('tar', [...format, '-C', directory, ...reach, '--null', '-T', '-'], {
    env: tarEnvironment(),
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(signal && { signal }),
  });
}

/** Spells names, one character per byte, as these tars read them: none of them can look like an option. */
export function* nameList(names: readonly string[]): Generator<Buffer, void, undefined> {
  for (let at = 0; at < names.length; at += NAMES_AT_ONCE) {
    const text = names.slice(at, at + NAMES_AT_ONCE).map((name) => `./${name}\0`);
    yield Buffer.from(text.join(''), 'latin1');
  }
}

/** Waits for the end of a program; what it wrote to stderr, and its status. */
export async function endOf(child: {
  readonly stderr: Readable;
  once(event: 'close', listener: (status: number | null) => void): unknown;
  once(event: 'error', listener: (error: Error) => void): unknown;
}): Promise<{ stderr: string; status: number | null }> {
  let stderr = '';
  child.stderr.setEncoding('latin1').on('data', (text: string) => {
    if (stderr.length < MAX_MESSAGE_CHARS) stderr += text;
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve);
    child.once('error', reject);
  });
  return { stderr, status };
}
