import { closeSync, constants, lstatSync, openSync } from 'node:fs';
import { WherryError } from '../errors.ts';
import { pathIn } from './scoped-walk.ts';

const OPEN_DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;
/** Elsewhere nothing names what a descriptor is open on. */
const HAS_DESCRIPTOR_PATHS = process.platform === 'linux';
/** What a name must not hold on Windows: it would be another directory, or another stream of a file. */
const WINDOWS_SEPARATOR = /[\\:]/;

/**
 * A directory that files are written into. On Linux it stays the directory that it was when it was opened, whatever
 * becomes of its name; on other systems its path stands for it. Names have one character per byte.
 */
export class OpenDirectory implements Disposable {
  /** What stands for the directory itself in calls to the system. */
  readonly path: Buffer;
  readonly #fd: number | undefined;

  private constructor(path: Buffer, fd?: number) {
    this.#fd = fd;
    this.path = fd === undefined ? path : Buffer.from(`/proc/self/fd/${fd}`);
  }

  /** `path` may be a link. */
  static open(path: string): OpenDirectory {
    const bytes = Buffer.from(path);
    return new OpenDirectory(
      bytes,
      HAS_DESCRIPTOR_PATHS ? openSync(path, constants.O_RDONLY | constants.O_DIRECTORY) : undefined,
    );
  }

  /** A path for the next call to the system: one name in the directory. Throws `INVALID_ARGUMENT`. */
  at(name: string): Buffer {
    if (this.#fd !== undefined) return pathIn(this.#fd, name);
    if (process.platform === 'win32' && WINDOWS_SEPARATOR.test(name))
      throw new WherryError('INVALID_ARGUMENT', `${JSON.stringify(name)}: no name for a file on Windows`);
    return Buffer.concat([this.path, Buffer.from(`/${name}`, 'latin1')]);
  }

  /** A directory in it; links are not followed. Throws what the system does for all else. */
  child(name: string): OpenDirectory {
    const path = this.at(name);
    if (this.#fd !== undefined) return new OpenDirectory(path, openSync(path, OPEN_DIRECTORY));
    if (!lstatSync(path).isDirectory())
      throw new WherryError('CONFLICT', `${JSON.stringify(name)} changed while files were written`);
    return new OpenDirectory(path);
  }

  [Symbol.dispose](): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
  }
}
