import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from '../../errors.ts';
import { isDirectory, type TreeDirectory } from '../../tree/image-tree.ts';

const ETC = 'etc';
/** Each container has files of its own there. */
const FILES = ['hosts', 'hostname', 'resolv.conf'].map((name) => `${ETC}/${name}`);
/** File systems of the kernel's. */
const DIRECTORIES = ['dev', 'proc', 'sys'];

/**
 * Finds what a runtime made in a container's root file system only to have where to mount: of all that, Docker's
 * diffs and commits have nothing. `directory` has the files, `changed` the names of those that changed; `readBase` gives
 * the image's tree, and is asked only if there is such a thing. Names are those of `diffLayer`.
 */
export async function bareMountPoints(
  directory: string,
  changed: ReadonlySet<string>,
  readBase: () => Promise<TreeDirectory>,
): Promise<ReadonlySet<string>> {
  const empty = new Set<string>();
  for (const name of [...FILES, ...DIRECTORIES])
    if (changed.has(name) && (await isEmpty(join(directory, name)))) empty.add(name);
  if (empty.size === 0) return empty;
  const { children } = await readBase();
  const etc = children.get(ETC);
  const inEtc = isDirectory(etc) ? etc.children : new Map<string, unknown>();
  for (const name of DIRECTORIES) if (children.has(name)) empty.delete(name);
  for (const name of FILES) if (inEtc.has(name.slice(ETC.length + 1))) empty.delete(name);
  const inside = [...changed].filter((name) => name.startsWith(`${ETC}/`));
  const isOnlyMade = FILES.some((name) => empty.has(name)) && inside.every((name) => empty.has(name));
  if (isOnlyMade && (await isAsInImage(join(directory, ETC), etc))) empty.add(ETC);
  return empty;
}

/** An empty directory or file. */
async function isEmpty(path: string): Promise<boolean> {
  try {
    const found = await lstat(path);
    if (found.isDirectory()) return (await readdir(path)).length === 0;
    return found.isFile() && found.size === 0;
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return false;
    throw error;
  }
}

/** Tells whether a directory has the attributes that the image gives it, or none has given it any. */
async function isAsInImage(
  path: string,
  base: ReturnType<TreeDirectory['children']['get']>,
): Promise<boolean> {
  if (base === undefined) return true;
  const entry = base.source?.entry;
  const { mode, uid, gid } = await lstat(path);
  return entry === undefined || (entry.mode === (mode & 0o7777) && entry.uid === uid && entry.gid === gid);
}
