import { isWherryError, WherryError } from '../../errors.ts';
import { classifyWhiteout, type Whiteout } from '../../layer/whiteout.ts';
import { toLatin1 } from '../../tree/tree-path.ts';
import type { ArchiveEntry, ArchiveSource } from './archive-source.ts';
import {
  ensureChild,
  type FileSource,
  type FileState,
  hideBelow,
  hideLower,
  LayerFiles,
  linkTarget,
  type NewEntry,
  put,
  type StageNode,
  typeOf,
} from './layer-files.ts';
import { rootedElements, textOf } from './path-text.ts';

/** Linux's PATH_MAX and NAME_MAX. */
const MAX_PATH_BYTES = 4095;
const MAX_NAME_BYTES = 255;
const MAX_SYMLINKS = 40;
/** Symlinks can make a tree deeper than any one name in an archive. */
const MAX_DEPTH = 2048;
/** At some 500 bytes each; a layer that is unpacked for running has the same limit. */
const MAX_ENTRIES = 5_000_000;
/** Marks of overlay file systems, with which an archive could hide files of other layers. */
const OVERLAY_XATTR = /^(?:trusted|user)\.overlay\./;

/** How an archive's entries are taken over. */
export interface ArchiveRules {
  /** Of directories that are not in the archive. */
  readonly made: FileState;
  /** No entry is younger. */
  readonly latest: number | undefined;
}

/**
 * Puts an archive's entries into a directory of a layer as unpacking it there would: the last entry of a name wins,
 * owners, modes and times are the archive's. The directory is the root for all names: `..`, absolute names and
 * symlinks lead no further, as after a chroot. Whiteouts act on the layers below. Throws `INVALID_TAR`, `TRUNCATED`,
 * `CORRUPT`, `TOO_LARGE` in Docker's words.
 */
export async function addArchive(
  directory: StageNode,
  archive: ArchiveSource,
  rules: ArchiveRules,
  signal?: AbortSignal,
): Promise<void> {
  const adding = new ArchiveAdding(directory, archive, rules);
  let count = 0;
  try {
    for await (const entry of archive.entries(signal)) {
      if (++count > MAX_ENTRIES)
        throw new WherryError('TOO_LARGE', `archive has more than ${MAX_ENTRIES} entries`);
      adding.add(entry);
    }
  } catch (error) {
    if (!isWherryError(error, 'INVALID_TAR', 'TRUNCATED', 'CORRUPT', 'TOO_LARGE')) throw error;
    throw new WherryError(
      error.code,
      `failed to copy files: Error processing tar file(exit status 1): ${error.message}`,
      { cause: error, details: error.details, ...(error.hint !== undefined && { hint: error.hint }) },
    );
  }
}

class ArchiveAdding {
  readonly #files: LayerFiles;
  readonly #from: FileSource;
  readonly #rules: ArchiveRules;

  constructor(directory: StageNode, archive: ArchiveSource, rules: ArchiveRules) {
    this.#files = new LayerFiles(directory);
    this.#from = { tree: archive };
    this.#rules = rules;
  }

  add({ entry, file }: ArchiveEntry): void {
    const path = toLatin1(entry.name);
    const elements = rootedElements(path);
    checkLengths(elements, path.length);
    const whiteout = classifyWhiteout(path);
    if (whiteout) {
      this.#hide(whiteout);
      return;
    }
    const name = elements.pop();
    // The destination is there and stays what it is.
    if (name === undefined) return;
    const shown = `/${[...elements, name].join('/')}`;
    const linked = entry.type === 'hardlink' ? this.#linked(toLatin1(entry.link), shown) : undefined;
    const place = ensureChild(this.#enter(elements, shown), name);
    const state = this.#state(entry, linked?.state.type);
    if (linked) {
      // One file: what the last of its names says holds for all.
      const { link, devMajor, devMinor } = linked.state;
      linked.state = { ...state, link, devMajor, devMinor };
      put(place, linked);
    } else if (entry.type === 'file') put(place, { state, node: file, from: this.#from });
    else put(place, { state });
  }

  #hide(whiteout: Whiteout): void {
    if (whiteout.kind === 'meta') return;
    const elements = rootedElements(whiteout.path);
    const name = whiteout.kind === 'plain' ? elements.pop() : undefined;
    const directory = this.#enter(elements, `/${whiteout.path}`);
    if (name === undefined) hideBelow(directory);
    else hideLower(ensureChild(directory, name));
  }

  /** What a hard link is one more name of. */
  #linked(target: string, shown: string): NewEntry {
    const elements = rootedElements(target);
    const fault = (what: string) =>
      new WherryError('INVALID_TAR', `link /${textOf(elements.join('/'))} ${textOf(shown)}: ${what}`);
    const name = elements.pop();
    const directory = this.#walk(elements, shown, false);
    const node = directory && name !== undefined ? ensureChild(directory, name) : undefined;
    const type = node && typeOf(node);
    elements.push(name ?? '');
    if (type === undefined) throw fault('no such file or directory');
    if (type === 'directory') throw fault('operation not permitted');
    if (node?.entry === undefined) throw fault('is not in the archive but in a layer below');
    return node.entry;
  }

  #state(entry: ArchiveEntry['entry'], linkedType: FileState['type'] | undefined): FileState {
    const { mode, uid, gid, link, devMajor, devMinor } = entry;
    const type = entry.type === 'hardlink' ? (linkedType ?? 'file') : entry.type;
    const xattrs = new Map([...(entry.xattrs ?? [])].filter(([key]) => !OVERLAY_XATTR.test(key)));
    const { latest } = this.#rules;
    const isLate = latest !== undefined && entry.mtime >= latest;
    const time = isLate ? { mtime: latest, mtimeNs: 0 } : { mtime: entry.mtime, mtimeNs: entry.mtimeNs };
    return { type, mode, uid, gid, link, devMajor, devMinor, ...time, ...(xattrs.size > 0 && { xattrs }) };
  }

  /** The directory of an entry, made where it is missing. */
  #enter(elements: readonly string[], shown: string): StageNode {
    const found = this.#walk(elements, shown, true);
    if (found === undefined) throw new Error('a walk that makes directories finds one');
    return found;
  }

  /**
   * Symlinks are followed to what is there: no directory is made behind one that leads nowhere, as the kernel makes
   * none.
   */
  #walk(elements: readonly string[], shown: string, make: boolean): StageNode | undefined {
    const fault = (what: string) => new WherryError('INVALID_TAR', `open ${textOf(shown)}: ${what}`);
    const way = [this.#files.root];
    const ahead = elements.map((name) => ({ name, isOfLink: false })).reverse();
    let symlinks = 0;
    for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
      const { name, isOfLink } = next;
      if (name === '' || name === '.') continue;
      if (name === '..') {
        if (way.length > 1) way.pop();
        continue;
      }
      const child = ensureChild(way.at(-1) ?? this.#files.root, name);
      const type = typeOf(child);
      if (type === 'symlink') {
        if (++symlinks > MAX_SYMLINKS) throw fault('too many levels of symbolic links');
        const target = linkTarget(child) ?? '';
        if (target.startsWith('/')) way.length = 1;
        for (const element of target.split('/').reverse()) ahead.push({ name: element, isOfLink: true });
        continue;
      }
      if (type === undefined && !make) return undefined;
      if (type === undefined && isOfLink) throw fault('no such file or directory');
      if (type === undefined) put(child, { state: this.#rules.made });
      else if (type !== 'directory') throw fault('not a directory');
      if (way.push(child) > MAX_DEPTH) throw fault('file name too long');
    }
    return way.at(-1);
  }
}

function checkLengths(elements: readonly string[], pathBytes: number): void {
  if (pathBytes <= MAX_PATH_BYTES && elements.every((name) => name.length <= MAX_NAME_BYTES)) return;
  const shown = textOf(elements.join('/')).slice(0, MAX_NAME_BYTES);
  throw new WherryError('INVALID_TAR', `open /${shown}: file name too long`);
}
