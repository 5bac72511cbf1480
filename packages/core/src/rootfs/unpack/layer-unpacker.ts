import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  openSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { isErrno, WherryError } from '../../errors.ts';
import { classifyWhiteout } from '../../layer/whiteout.ts';
import type { TarEntry } from '../../tar/scanner.ts';
import { setDirectoryAttributes } from './directory-attributes.ts';
import { byteString, SafeRoot, shownName } from './safe-path.ts';
import { StagedEntries } from './staged-entries.ts';
import type { DirectoryAttributes, DirectoryNode, PendingNode, Place } from './tree-node.ts';
import {
  isBornOwned,
  isBornWithMode,
  isPlainTime,
  takenXattrs,
  type UnpackContext,
} from './unpack-context.ts';
import { toUnpackError } from './unpack-error.ts';

const CREATE_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const IMPLIED_MODE = 0o755;
/** Docker leaves the root of a layer as it made it, whatever an entry for it says. */
const ROOT_ATTRIBUTES: DirectoryAttributes = { mode: IMPLIED_MODE, uid: 0, gid: 0, mtime: 0, mtimeNs: 0 };

/** What was made of a layer, and what was not. */
export interface UnpackedFacts {
  readonly entries: number;
  /** Bytes of the files in it. */
  readonly contentSize: number;
  /** Directories that hide what lower layers have in them, below the root, one character per byte. */
  readonly opaque: readonly string[];
  /** Devices that only root of the machine can make. */
  readonly skippedDevices: number;
  /** Names of extended attributes that the file system or the lack of rights refused. */
  readonly skippedXattrs: readonly string[];
}

/** A file whose payload is coming. */
interface OpenFile {
  readonly entry: TarEntry;
  /** -1: it is staged. */
  readonly fd: number;
}

/**
 * Makes an overlay's lower directory of a layer's entries, pushed in the order of the archive. Where Docker has
 * an answer it is the same, with these exceptions: a name that comes twice is replaced, as an `ADD` of the
 * archive would do, where Docker refuses the layer; a whiteout of a name that the layer has too hides only what
 * lies below, as the specification says, where Docker fails.
 * OCI image-spec v1.1, layer.md "Applying Changesets"; Linux overlayfs.rst "whiteouts and opaque directories".
 */
export class LayerUnpacker {
  readonly #root: SafeRoot;
  readonly #staged: StagedEntries;
  readonly #context: UnpackContext;
  #file: OpenFile | undefined;
  #entries = 0;
  #contentSize = 0;
  #skippedDevices = 0;

  /** `directory` is empty, `workDirectory` another one on the same file system. */
  constructor(directory: string, workDirectory: string, context: UnpackContext) {
    this.#root = new SafeRoot(directory);
    this.#root.root.attributes = ROOT_ATTRIBUTES;
    this.#staged = new StagedEntries(workDirectory);
    this.#context = context;
  }

  /** Makes an entry. The `entry.size` bytes of a file follow with `write`, then comes `endFile`. */
  begin(entry: TarEntry): void {
    this.#entries++;
    try {
      this.#make(entry);
    } catch (error) {
      throw toUnpackError(error, entry);
    }
  }

  /** Takes bytes of the file that was begun. Not kept. */
  write(chunk: Uint8Array): void {
    const file = this.#file;
    if (file === undefined) return;
    try {
      if (file.fd < 0) this.#staged.write(chunk);
      else for (let at = 0; at < chunk.length; ) at += writeSync(file.fd, chunk, at);
    } catch (error) {
      throw toUnpackError(error, file.entry);
    }
  }

  endFile(): void {
    const file = this.#file;
    if (file === undefined) return;
    try {
      if (file.fd < 0) this.#staged.endFile(file.entry.size);
      else this.#setFileAttributes(file.fd, file.entry);
    } catch (error) {
      throw toUnpackError(error, file.entry);
    } finally {
      this.#closeFile();
    }
  }

  /** Makes what had to wait for the end. */
  finish(): UnpackedFacts {
    const refused = this.#staged.place(this.#root);
    refused.push(...setDirectoryAttributes(this.#root, this.#context));
    return {
      entries: this.#entries,
      contentSize: this.#contentSize,
      opaque: [...opaqueDirectories(this.#root.root)],
      skippedDevices: this.#skippedDevices,
      skippedXattrs: [...new Set(refused)].sort(),
    };
  }

  /** Closes what is open; also after an error. */
  close(): void {
    this.#closeFile();
    this.#staged.close();
    this.#root.close();
  }

  #make(entry: TarEntry): void {
    const place = this.#root.settle(entry.name, (made) => {
      made.attributes = { mode: IMPLIED_MODE, uid: 0, gid: 0, mtime: entry.mtime, mtimeNs: entry.mtimeNs };
    });
    if (place.base === '') {
      this.#noteRoot(entry);
      return;
    }
    const whiteout = place.base.startsWith('.wh.') ? classifyWhiteout(place.base) : undefined;
    if (whiteout !== undefined) {
      if (whiteout.kind === 'opaque') place.directory.isOpaque = true;
      else if (whiteout.kind === 'plain')
        this.#makeWhiteout({ directory: place.directory, base: whiteout.path }, entry);
      // Other names of aufs' own are no files; Docker makes ordinary ones of what lies below them.
      return;
    }
    if (entry.type === 'directory') this.#makeDirectory(place, entry);
    else this.#makeLeaf(place, entry);
  }

  /** Of an entry for the root only extended attributes count. */
  #noteRoot(entry: TarEntry): void {
    const xattrs = takenXattrs(entry.xattrs);
    if (entry.type === 'directory' && xattrs) this.#root.root.attributes = { ...ROOT_ATTRIBUTES, xattrs };
  }

  #makeDirectory(place: Place, entry: TarEntry): void {
    const found = this.#root.nodeAt(place);
    const node = found?.kind === 'directory' ? found : this.#replaceByDirectory(place);
    if (found?.kind === 'pending' && found.isWhiteout) node.isOpaque = true;
    const { mode, uid, gid, mtime, mtimeNs } = entry;
    const xattrs = takenXattrs(entry.xattrs);
    node.attributes = { mode, uid, gid, mtime, mtimeNs, ...(xattrs && { xattrs }) };
  }

  #replaceByDirectory(place: Place): DirectoryNode {
    if (this.#root.nodeAt(place) !== undefined) this.#root.remove(place);
    return this.#orReplacing(place, () => this.#root.makeDirectory(place));
  }

  #makeLeaf(place: Place, entry: TarEntry): void {
    if (this.#root.nodeAt(place) !== undefined) this.#root.remove(place);
    const isDevice = entry.type === 'char' || entry.type === 'block';
    if (isDevice && this.#context.ownership !== 'root') this.#skippedDevices++;
    else if (entry.type === 'hardlink') this.#makeHardLink(place, entry);
    else if (isDevice || entry.type === 'fifo' || needsTar(entry)) this.#stage(place, entry);
    else if (entry.type === 'symlink') this.#makeSymlink(place, entry);
    else this.#openFile(place, entry);
  }

  #openFile(place: Place, entry: TarEntry): void {
    // Whoever may not write it from now on may write it now; execution and the like come at the end if need be.
    const mode = isBornWithMode(this.#context, entry.mode) ? entry.mode : 0o600;
    const fd = this.#orReplacing(place, () => openSync(this.#root.pathOf(place), CREATE_FILE, mode));
    this.#file = { entry, fd };
    this.#contentSize += entry.size;
  }

  /** Owner before mode: a change of owner takes setuid and setgid away. */
  #setFileAttributes(fd: number, { uid, gid, mode, mtime }: TarEntry): void {
    if (!isBornOwned(this.#context, uid, gid)) fchownSync(fd, uid, gid);
    if (!isBornWithMode(this.#context, mode)) fchmodSync(fd, mode);
    futimesSync(fd, mtime, mtime);
  }

  #makeSymlink(place: Place, entry: TarEntry): void {
    const { link } = entry;
    const target = Buffer.from(link.buffer, link.byteOffset, link.byteLength);
    this.#orReplacing(place, () => symlinkSync(target, this.#root.pathOf(place)));
    this.#root.note(place, { kind: 'symlink', target: byteString(link) });
    const path = this.#root.pathOf(place);
    if (!isBornOwned(this.#context, entry.uid, entry.gid)) lchownSync(path, entry.uid, entry.gid);
    lutimesSync(path, entry.mtime, entry.mtime);
  }

  /** A link shares the attributes of what it links to; those of its entry say the same. */
  #makeHardLink(place: Place, entry: TarEntry): void {
    const to = this.#root.find(entry.link);
    const target = to && this.#root.nodeAt(to);
    if (to === undefined || target?.kind === 'directory')
      throw linkRefused(entry, 'no such file or directory');
    if (target?.kind === 'pending') {
      if (target.isWhiteout) throw linkRefused(entry, 'no such file or directory');
      this.#notePending(place, { ...target, isDropped: false });
      return;
    }
    try {
      this.#orReplacing(place, () => linkSync(...this.#root.pathsOf(to, place)));
    } catch (error) {
      if (isErrno(error, 'ENOENT')) throw linkRefused(entry, 'no such file or directory');
      throw error;
    }
    if (target !== undefined) this.#root.note(place, target);
  }

  #makeWhiteout(place: Place, entry: TarEntry): void {
    const node = this.#root.nodeAt(place);
    if (node?.kind === 'directory') node.isOpaque = true;
    if (node !== undefined || this.#isThere(place)) return;
    const { uid, gid } = entry;
    const number = this.#staged.add({ type: 'char', mode: 0, uid, gid, devMajor: 0, devMinor: 0 });
    this.#notePending(place, { kind: 'pending', number, isWhiteout: true, isDropped: false });
  }

  #stage(place: Place, entry: TarEntry): void {
    const { type, mode, uid, gid, size, mtime, mtimeNs, link, devMajor, devMinor } = entry;
    const fields = { type, mode, uid, gid, size, mtime, mtimeNs, devMajor, devMinor };
    const xattrs = takenXattrs(entry.xattrs);
    const number = this.#staged.add({
      ...fields,
      ...(type === 'symlink' && { link }),
      ...(xattrs && { xattrs }),
    });
    if (this.#isThere(place)) this.#root.remove(place);
    const target = type === 'symlink' && { target: byteString(link) };
    this.#notePending(place, { kind: 'pending', number, isWhiteout: false, isDropped: false, ...target });
    if (type !== 'file') return;
    this.#file = { entry, fd: -1 };
    this.#contentSize += size;
  }

  #notePending(place: Place, node: PendingNode): void {
    this.#root.note(place, node);
    this.#staged.name(place, node);
  }

  /** Makes something; when a file has the name, which only the file system knows, in its place. */
  #orReplacing<T>(place: Place, make: () => T): T {
    try {
      return make();
    } catch (error) {
      if (!isErrno(error, 'EEXIST')) throw error;
      this.#root.remove(place);
      return make();
    }
  }

  #isThere(place: Place): boolean {
    return lstatSync(this.#root.pathOf(place), { throwIfNoEntry: false }) !== undefined;
  }

  #closeFile(): void {
    const file = this.#file;
    this.#file = undefined;
    if (file !== undefined && file.fd >= 0) closeSync(file.fd);
  }
}

function needsTar(entry: TarEntry): boolean {
  return !isPlainTime(entry.mtime, entry.mtimeNs) || takenXattrs(entry.xattrs) !== undefined;
}

function* opaqueDirectories(node: DirectoryNode): Generator<string, void, undefined> {
  if (node.isOpaque) yield node.path;
  for (const child of node.children.values()) if (child.kind === 'directory') yield* opaqueDirectories(child);
}

function linkRefused(entry: TarEntry, why: string): WherryError {
  const [target, name] = [entry.link, entry.name].map((bytes) => shownName(byteString(bytes)));
  return new WherryError('INVALID_TAR', `link /${target} /${name}: ${why}`);
}
