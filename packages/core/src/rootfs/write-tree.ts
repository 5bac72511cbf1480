import { linkSync, lstatSync, mkdirSync, renameSync, type Stats, symlinkSync, unlinkSync } from 'node:fs';
import { posix } from 'node:path';
import type { ByteSource } from '../bytes/byte-source.ts';
import { isErrno, throwIfCancelled, WherryError } from '../errors.ts';
import { readTar, type TarFile } from '../tar/reader.ts';
import type { TarEntry } from '../tar/scanner.ts';
import { type Grafts, pathIn, walkBelow } from './scoped-walk.ts';
import { byteString } from './unpack/safe-path.ts';
import { takenXattrs } from './unpack/unpack-context.ts';
import { toUnpackError } from './unpack/unpack-error.ts';
import { busy, quoted, refusedName, shown } from './write-faults.ts';
import {
  makeSpecialFile,
  type Owner,
  setAttributes,
  setDirectoryXattrs,
  setLinkAttributes,
  temporaryName,
  writeFileIn,
  writeFileWithXattrs,
} from './write-file.ts';

/** Directories whose times wait for the end are remembered. */
const MAX_DIRECTORIES = 500_000;
const IMPLIED_MODE = 0o755;
const OPENED_MODE = 0o700;
const SETID_BITS = 0o6000;
const CAPABILITIES = 'security.capability';

export interface WriteTreeRequest {
  /** A descriptor of the directory that nothing leaves. */
  readonly root: number;
  /** Where in it, an absolute path, one character per byte: a directory that is there. */
  readonly directory: string;
  readonly archive: ByteSource;
  /** Whose the files become; absent: as the archive says. Who gets another owner loses setuid and setgid. */
  readonly owner?: Owner;
  /** Files give nobody rights: neither setuid, setgid nor capabilities are taken over. */
  readonly unprivileged?: boolean;
  readonly grafts?: Grafts;
  /** Paths below the root, without a slash in front, at which something is mounted for those whose tree it is. */
  readonly mounted?: ReadonlySet<string>;
  /** Keeps others from the tree while `work` names files by their paths. */
  readonly undisturbed?: <T>(work: () => Promise<T>) => Promise<T>;
  readonly signal?: AbortSignal;
}

export interface WriteTreeResult {
  /** Bytes of the files in it. */
  readonly contentBytes: number;
  /** Names of extended attributes that the file system or the lack of rights refused. */
  readonly skippedXattrs: readonly string[];
}

/**
 * Unpacks an archive into a directory that others may change meanwhile. Names are settled below it with links followed
 * inside the root; a name that leads out of the directory by `..`, or a link that does, is refused as Docker refuses
 * it. A file is there whole or not at all. Throws `INVALID_TAR`, `TRUNCATED`, `INVALID_ARGUMENT` in Docker's words where
 * a directory is in a file's way or the other way round, `NO_SPACE`, `CONFLICT` for a name that is a mount,
 * `UNSUPPORTED`, `CANCELLED`; what was unpacked until then stays.
 */
export async function writeTree(request: WriteTreeRequest): Promise<WriteTreeResult> {
  const writer = new TreeWriter(request);
  try {
    for await (const file of readTar(request.archive)) {
      throwIfCancelled(request.signal);
      await writer.take(file);
    }
    writer.setTimes();
  } finally {
    writer.close();
  }
  return { contentBytes: writer.contentBytes, skippedXattrs: [...writer.skippedXattrs].sort() };
}

/** An entry and where it goes. */
interface Target {
  readonly file: TarFile;
  /** Below the root, with a slash in front, as Docker's messages have it. */
  readonly path: string;
  readonly parent: number;
  readonly base: string;
}

class TreeWriter {
  contentBytes = 0;
  readonly skippedXattrs = new Set<string>();
  readonly #request: WriteTreeRequest;
  /** Modification times of directories, to be set when nothing comes into them any more. */
  readonly #times = new Map<string, TarEntry>();
  /** Where the last entry went, for the many that go there too. */
  #parent: ({ readonly path: string; readonly fd: number } & Disposable) | undefined;

  constructor(request: WriteTreeRequest) {
    this.#request = request;
  }

  async take(file: TarFile): Promise<void> {
    const name = posix.normalize(byteString(file.entry.name)).replace(/(?<=.)\/+$/, '');
    if (name.includes('\0')) throw refusedName(`${quoted(name)}: file name holds a NUL`);
    const path = posix.join(this.#request.directory, name);
    if (!isWithin(path, this.#request.directory))
      throw refusedName(`${quoted(name)} is outside of ${quoted(this.#request.directory)}`);
    if (path === this.#request.directory) return;
    try {
      const parent = this.#parentOf(posix.dirname(path));
      await this.#make({ file, path, parent, base: posix.basename(path) });
      this.contentBytes += file.entry.size;
    } catch (error) {
      throw toUnpackError(error, file.entry);
    }
  }

  setTimes(): void {
    this.#forgetParent();
    for (const [path, { mtime, mtimeNs }] of [...this.#times].reverse()) {
      using walked = this.#walk(path);
      // It was taken away or replaced meanwhile: then the time is not ours to set.
      if (walked.missing.length === 0 && walked.file === undefined)
        setAttributes(walked.fd, { mtime, mtimeNs });
    }
  }

  close(): void {
    this.#forgetParent();
  }

  async #make(target: Target): Promise<void> {
    const { entry } = target.file;
    const found = this.#clearWay(target);
    switch (entry.type) {
      case 'directory':
        return this.#makeDirectory(target, found !== undefined);
      case 'file':
        return this.#replace(target, (temporary) => this.#writeFile(target, temporary));
      case 'symlink':
        return this.#replace(target, async (temporary) => this.#makeSymlink(target, temporary));
      case 'hardlink':
        return this.#makeHardLink(target, found !== undefined);
      default:
        return this.#replace(target, (temporary) =>
          makeSpecialFile(target.parent, temporary, entry, this.#request.owner ?? entry),
        );
    }
  }

  /** Refuses what neither Docker replaces; returns what is there. moby, `NoOverwriteDirNonDir`. */
  #clearWay({ file, path, parent, base }: Target): Stats | undefined {
    const found = lstatSync(pathIn(parent, base), { throwIfNoEntry: false });
    const isDirectory = file.entry.type === 'directory';
    if (found === undefined || found.isDirectory() === isDirectory) return found;
    const [there, new_] = isDirectory ? ['non-directory', 'directory'] : ['directory', 'non-directory'];
    const where = quoted(this.#request.directory);
    throw new WherryError(
      'INVALID_ARGUMENT',
      `cannot overwrite ${there} ${quoted(path)} with ${new_} ${where}`,
    );
  }

  #makeDirectory({ file: { entry }, path, parent, base }: Target, isThere: boolean): void {
    if (!isThere) mkdirSync(pathIn(parent, base), OPENED_MODE);
    using walked = walkBelow(parent, base);
    if (walked.file !== undefined || walked.missing.length > 0)
      throw new WherryError('CONFLICT', `${quoted(path)} changed while it was written`);
    setAttributes(walked.fd, { owner: this.#request.owner ?? entry, mode: entry.mode });
    const xattrs = takenXattrs(entry.xattrs);
    if (xattrs) this.#skip(setDirectoryXattrs(walked.fd, { ...entry, ...this.#request.owner, xattrs }));
    if (this.#times.size >= MAX_DIRECTORIES)
      throw new WherryError('TOO_LARGE', `archive has more than ${MAX_DIRECTORIES} directories`);
    this.#times.set(path, entry);
  }

  async #writeFile({ file: { entry, body }, parent }: Target, temporary: string): Promise<void> {
    const { signal, undisturbed = (work) => work() } = this.#request;
    const file = this.#settled(entry);
    const xattrs = takenXattrs(entry.xattrs);
    if (this.#request.unprivileged) xattrs?.delete(CAPABILITIES);
    if (xattrs === undefined || xattrs.size === 0) return writeFileIn(parent, temporary, file, body, signal);
    this.#skip(
      await undisturbed(() => writeFileWithXattrs(parent, temporary, { ...file, xattrs }, body, signal)),
    );
  }

  /** The entry with the owner and the mode that its file gets. */
  #settled(entry: TarEntry): TarEntry {
    const { uid, gid } = this.#request.owner ?? entry;
    const isOthers = uid !== entry.uid || gid !== entry.gid;
    const mode = isOthers || this.#request.unprivileged ? entry.mode & ~SETID_BITS : entry.mode;
    return { ...entry, uid, gid, mode };
  }

  #makeSymlink({ file: { entry }, path, parent }: Target, temporary: string): void {
    const target = byteString(entry.link);
    const end = posix.join(posix.dirname(path), target);
    if (!isWithin(end, this.#request.directory))
      throw refusedName(`invalid symlink ${quoted(path)} -> ${quoted(target)}`);
    symlinkSync(Buffer.from(target, 'latin1'), pathIn(parent, temporary));
    setLinkAttributes(parent, temporary, this.#request.owner ?? entry, entry);
  }

  #makeHardLink({ file: { entry }, path, parent, base }: Target, isThere: boolean): void {
    const target = byteString(entry.link);
    const from = posix.join(this.#request.directory, target);
    if (!isWithin(from, this.#request.directory))
      throw refusedName(`invalid hardlink ${quoted(from)} -> ${quoted(target)}`);
    if (from === path) return;
    using walked = this.#walk(posix.dirname(from));
    if (walked.missing.length > 0 || walked.file !== undefined)
      throw refusedName(`link ${shown(from)} ${shown(path)}: no such file or directory`);
    if (this.#request.mounted?.has(path.slice(1))) throw busy(path);
    // A rename over another name of the same file does nothing.
    if (isThere) unlinkAt(parent, base, path);
    linkSync(pathIn(walked.fd, posix.basename(from)), pathIn(parent, base));
  }

  /** Makes something under another name, and gives it its own when it is whole. */
  async #replace({ parent, base, path }: Target, make: (temporary: string) => Promise<void>): Promise<void> {
    // The kernel refuses to replace only what is mounted for us: elsewhere it takes the mount away.
    if (this.#request.mounted?.has(path.slice(1))) throw busy(path);
    const temporary = temporaryName();
    try {
      await make(temporary);
      renameSync(pathIn(parent, temporary), pathIn(parent, base));
    } catch (error) {
      unlinkIfThere(parent, temporary);
      throw isErrno(error, 'EBUSY') ? busy(path) : error;
    }
  }

  #parentOf(path: string): number {
    if (this.#parent?.path === path) return this.#parent.fd;
    this.#forgetParent();
    const walked = this.#walk(path);
    if (walked.missing.length === 0 && walked.file === undefined) {
      this.#parent = { path, fd: walked.fd, [Symbol.dispose]: () => walked[Symbol.dispose]() };
      return walked.fd;
    }
    try {
      if (walked.file !== undefined) throw refusedName(`mkdir ${shown(path)}: not a directory`);
      this.#makeImplied(walked.fd, walked.missing);
    } finally {
      walked[Symbol.dispose]();
    }
    return this.#parentOf(path);
  }

  #makeImplied(at: number, names: readonly string[]): void {
    const [first, ...rest] = names;
    if (first === undefined) return;
    mkdirSync(pathIn(at, first), IMPLIED_MODE);
    using walked = walkBelow(at, first);
    if (walked.file !== undefined || walked.missing.length > 0)
      throw new WherryError('CONFLICT', `${quoted(first)} changed while it was written`);
    setAttributes(walked.fd, { mode: IMPLIED_MODE });
    this.#makeImplied(walked.fd, rest);
  }

  #walk(path: string) {
    return walkBelow(this.#request.root, path, this.#request.grafts);
  }

  #forgetParent(): void {
    this.#parent?.[Symbol.dispose]();
    this.#parent = undefined;
  }

  #skip(refused: readonly string[]): void {
    for (const key of refused) this.skippedXattrs.add(key);
  }
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`);
}

function unlinkAt(parent: number, base: string, path: string): void {
  try {
    unlinkSync(pathIn(parent, base));
  } catch (error) {
    throw isErrno(error, 'EBUSY') ? busy(path) : error;
  }
}

function unlinkIfThere(parent: number, name: string): void {
  try {
    unlinkSync(pathIn(parent, name));
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
  }
}
