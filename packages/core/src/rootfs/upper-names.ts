import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { throwIfCancelled, WherryError } from '../errors.ts';

/** The list of names is kept while the layer is written. */
const MAX_NAMES = 5_000_000;

/** A name in an overlay's upper directory. */
export interface UpperName {
  /** Below the directory, one character per byte. */
  readonly path: string;
  /** Hides what the lower layers have of that name. */
  readonly isWhiteout: boolean;
}

/**
 * Lists what lies in an overlay's upper directory, each directory before what is in it, names in the order of
 * their bytes. Sockets are left out: a layer has none. Names that go away meanwhile may be missing. Throws `TOO_LARGE`,
 * `CANCELLED`.
 */
export async function collectUpperNames(upper: string, signal?: AbortSignal): Promise<UpperName[]> {
  const names: UpperName[] = [];
  await addNamesBelow(names, Buffer.from(upper), '', signal);
  return names;
}

/** Into one list: a generator for each level would take longer than reading the directories. */
async function addNamesBelow(
  names: UpperName[],
  root: Buffer,
  path: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  throwIfCancelled(signal);
  const entries = await readdir(pathBelow(root, path), { withFileTypes: true, encoding: 'buffer' });
  entries.sort((a, b) => Buffer.compare(a.name, b.name));
  for (const entry of entries) {
    if (entry.isSocket()) continue;
    const name = entry.name.toString('latin1');
    const childPath = path === '' ? name : `${path}/${name}`;
    const isHiding = entry.isCharacterDevice() && (await isWhiteout(entry, pathBelow(root, childPath)));
    if (names.push({ path: childPath, isWhiteout: isHiding }) > MAX_NAMES)
      throw new WherryError('TOO_LARGE', `more than ${MAX_NAMES} files changed`);
    if (entry.isDirectory()) await addNamesBelow(names, root, childPath, signal);
  }
}

/** Tells whether an entry of an upper or a lower directory is a whiteout: a device with the number 0. */
export async function isWhiteout(entry: Dirent<Buffer>, path: Buffer): Promise<boolean> {
  return entry.isCharacterDevice() && (await lstat(path)).rdev === 0;
}

/** The path of a name of one character per byte. */
export function pathBelow(root: Buffer, path: string): Buffer {
  return Buffer.concat([root, Buffer.from('/'), Buffer.from(path, 'latin1')]);
}
