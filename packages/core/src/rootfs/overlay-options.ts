import { mkdtemp, rm, symlink } from 'node:fs/promises';
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
    const name = async (short: string, path: string) => {
      await symlink(resolve(path), join(directory, short));
      return short;
    };
    const lowers: string[] = [];
    for (const [index, path] of directories.lowers.entries())
      lowers.push(await name(index.toString(36), path));
    const options = [`lowerdir=${lowers.join(':')}`];
    if (directories.upper !== undefined) options.push(`upperdir=${await name('upper', directories.upper)}`);
    if (directories.work !== undefined) options.push(`workdir=${await name('work', directories.work)}`);
    return { directory, options: [...options, ...more].join(','), [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
