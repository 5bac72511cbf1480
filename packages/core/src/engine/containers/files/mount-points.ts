import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from '../../../errors.ts';
import type { FoundFile } from '../../../rootfs/look-up.ts';

const ETC = 'etc';
/** Each container has files of its own there. */
const FILES = ['hosts', 'hostname', 'resolv.conf'].map((name) => `${ETC}/${name}`);
/** File systems of the kernel's. */
const DIRECTORIES = ['dev', 'proc', 'sys'];

/** What an image has at paths; of a directory that it only implies, no attributes. */
export type LookUpBase = (paths: readonly string[]) => Promise<ReadonlyMap<string, Partial<FoundFile>>>;

/**
 * Finds what a runtime made in a container's root file system only to have where to mount: of all that, Docker's
 * diffs and commits have nothing. `directory` has the files, `changed` the names of those that changed; `lookUpBase` is
 * asked once, and only if there may be such a thing. Names are those of `diffLayer`.
 */
export async function bareMountPoints(
  directory: string,
  changed: ReadonlySet<string>,
  lookUpBase: LookUpBase,
): Promise<ReadonlySet<string>> {
  const empty = new Set<string>();
  for (const name of [...FILES, ...DIRECTORIES])
    if (changed.has(name) && (await isEmpty(join(directory, name)))) empty.add(name);
  if (empty.size === 0) return empty;
  const base = await lookUpBase([ETC, ...empty]);
  for (const name of empty) if (base.has(name)) empty.delete(name);
  const inside = [...changed].filter((name) => name.startsWith(`${ETC}/`));
  const isOnlyMade = FILES.some((name) => empty.has(name)) && inside.every((name) => empty.has(name));
  if (isOnlyMade && (await isAsInImage(join(directory, ETC), base.get(ETC)))) empty.add(ETC);
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
async function isAsInImage(path: string, base: Partial<FoundFile> | undefined): Promise<boolean> {
  if (base?.mode === undefined) return true;
  const { mode, uid, gid } = await lstat(path);
  return base.mode === (mode & 0o7777) && base.uid === uid && base.gid === gid;
}
