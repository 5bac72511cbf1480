import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  futimesSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  renameSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import type { ByteSource } from '../bytes/byte-source.ts';
import { isErrno, throwIfCancelled } from '../errors.ts';
import type { TarEntry } from '../tar/scanner.ts';
import { OpenDirectory } from './open-directory.ts';
import { temporaryName, toTime } from './write-file.ts';

const CREATE_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0);
const OPENED_MODE = 0o700;
const PRIVATE_MODE = 0o600;
const MODE_BITS = 0o7777;

type Attributes = Pick<TarEntry, 'mode' | 'mtime' | 'mtimeNs'>;

/**
 * Files that are written below a directory for whoever runs this, on any system: with modes and times, without owners
 * and extended attributes. What is there already gives way, also a directory to a file or a link to a directory; what
 * is there besides stays. No link is followed. A file is there whole or not at all. Paths are relative, as a tar has
 * them, with one character per byte, and directories come before what is in them. Calls throw what the system throws.
 */
export class LocalTree implements Disposable {
  readonly #root: OpenDirectory;
  /** Set at the end: a directory may be closed to its owner, and its time changes with what comes into it. */
  readonly #directories: (readonly [path: string, attributes: Attributes])[] = [];
  /** Where the last file went, for the many that go there too. */
  #last: { readonly path: string; readonly directory: OpenDirectory } | undefined;

  /** Below a directory, which is made if it is missing. */
  constructor(directory: string) {
    mkdirSync(directory, { recursive: true });
    this.#root = OpenDirectory.open(directory);
  }

  async makeDirectory(path: string, attributes: Attributes): Promise<void> {
    const [parent, name] = this.#placeOf(path);
    const at = parent.at(name);
    const found = lstatSync(at, { throwIfNoEntry: false });
    if (found && !found.isDirectory()) unlinkSync(at);
    if (!found?.isDirectory()) mkdirSync(at, OPENED_MODE);
    // An earlier run may have closed it.
    else if ((found.mode & OPENED_MODE) !== OPENED_MODE)
      chmodSync(at, (found.mode & MODE_BITS) | OPENED_MODE);
    this.#directories.push([path, attributes]);
  }

  async writeFile(
    path: string,
    attributes: Attributes,
    body: ByteSource | Uint8Array,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.#replace(path, async (at) => {
      const fd = openSync(at, CREATE_FILE, PRIVATE_MODE);
      try {
        for await (const chunk of body instanceof Uint8Array ? [body] : body) {
          throwIfCancelled(signal);
          for (let done = 0; done < chunk.length; ) done += writeSync(fd, chunk, done);
        }
        fchmodSync(fd, attributes.mode & MODE_BITS);
        const time = toTime(attributes);
        futimesSync(fd, time, time);
      } finally {
        closeSync(fd);
      }
    });
  }

  async makeSymlink(path: string, target: Uint8Array, attributes: Attributes): Promise<void> {
    await this.#replace(path, async (at) => {
      symlinkSync(Buffer.from(target), at);
      const time = toTime(attributes);
      lutimesSync(at, time, time);
    });
  }

  /** One more name for a file that was written here. */
  async makeHardLink(path: string, target: string): Promise<void> {
    const elements = target.split('/');
    const name = elements.pop() ?? '';
    using directory = this.#walk(elements);
    const from = directory.at(name);
    await this.#replace(path, async (at) => linkSync(from, at));
  }

  /** Gives the directories what they are to have, when nothing comes into them any more. */
  finish(): void {
    this.#forgetLast();
    for (const [path, attributes] of this.#directories.reverse()) {
      using directory = this.#walk(path.split('/'));
      const time = toTime(attributes);
      utimesSync(directory.path, time, time);
      chmodSync(directory.path, attributes.mode & MODE_BITS);
    }
  }

  [Symbol.dispose](): void {
    this.#forgetLast();
    this.#root[Symbol.dispose]();
  }

  /** Makes something under another name, and gives it its own when it is whole. */
  async #replace(path: string, make: (at: Buffer) => Promise<void>): Promise<void> {
    const [parent, name] = this.#placeOf(path);
    const temporary = parent.at(temporaryName());
    try {
      await make(temporary);
      const at = parent.at(name);
      const found = lstatSync(at, { throwIfNoEntry: false });
      if (found?.isDirectory()) await rm(at, { recursive: true, force: true });
      // A rename over another name of the same file would do nothing.
      else if (found && found.nlink > 1) unlinkSync(at);
      renameSync(temporary, at);
    } catch (error) {
      unlinkIfThere(temporary);
      throw error;
    }
  }

  #placeOf(path: string): readonly [parent: OpenDirectory, name: string] {
    const end = path.lastIndexOf('/');
    const parent = path.slice(0, Math.max(0, end));
    if (this.#last?.path !== parent) {
      this.#forgetLast();
      this.#last = { path: parent, directory: this.#walk(parent.split('/')) };
    }
    return [this.#last.directory, path.slice(end + 1)];
  }

  #walk(elements: readonly string[]): OpenDirectory {
    let directory = this.#root.child('.');
    for (const name of elements) {
      if (name === '') continue;
      using parent = directory;
      directory = parent.child(name);
    }
    return directory;
  }

  #forgetLast(): void {
    this.#last?.directory[Symbol.dispose]();
    this.#last = undefined;
  }
}

function unlinkIfThere(path: Buffer): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
  }
}
