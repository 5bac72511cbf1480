import { symlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** The directories of an overlay; uppermost first in `lowers`, as mount(8) wants them. */
export interface OverlayDirectories {
  readonly lowers: readonly string[];
  readonly upper: string | undefined;
  readonly work: string | undefined;
}

/** Names for mount(8) to use in `directory`, where they mean the overlay's directories. */
export interface ShortNames extends AsyncDisposable {
  readonly directory: string;
  /** The value of `-o`. */
  readonly options: string;
}

/**
 * Gives an overlay's directories names of one to three characters, as links in a directory of their own: the
 * options of a mount are one page, 4,096 bytes, which the paths of some 40 layers fill, and commas and colons in
 * paths would be read as more options. The kernel follows the links when it mounts; afterwards they may go.
 */
export async function shortNames(
  directories: OverlayDirectories,
  more: readonly string[],
): Promise<ShortNames> {
  const directory = await mkdtemp(join(tmpdir(), 'wherry-mount-'));
  const remove = () => rm(directory, { recursive: true, force: true });
  try {
    const options = linkOverlay(directory, directories, more);
    return { directory, options, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/**
 * Makes such links in `directory`, and returns the value of `-o` for a mount(8) that runs there. `prefix` keeps the
 * names of several overlays apart.
 */
export function linkOverlay(
  directory: string,
  { lowers, upper, work }: OverlayDirectories,
  more: readonly string[],
  prefix = '',
): string {
  const name = (short: string, path: string) => {
    symlinkSync(resolve(path), join(directory, `${prefix}${short}`));
    return `${prefix}${short}`;
  };
  const names = lowers.map((path, index) => name(index.toString(36), path));
  const options = [`lowerdir=${names.join(':')}`];
  if (upper !== undefined) options.push(`upperdir=${name('upper', upper)}`);
  if (work !== undefined) options.push(`workdir=${name('work', work)}`);
  return [...options, ...more].join(',');
}
