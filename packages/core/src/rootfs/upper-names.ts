import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';

/** A name in an overlay's upper directory. */
export interface UpperName {
  /** Below the directory, one character per byte. */
  readonly path: string;
  /** Hides what the lower layers have of that name. */
  readonly isWhiteout: boolean;
}

/**
 * Lists what lies in an overlay's upper directory, each directory before what is in it, names in the order of
 * their bytes. Sockets are left out: a layer has none. Names that go away meanwhile may be missing.
 */
export async function* upperNames(upper: string): AsyncGenerator<UpperName, void, undefined> {
  yield* namesBelow(Buffer.from(upper), '');
}

async function* namesBelow(root: Buffer, path: string): AsyncGenerator<UpperName, void, undefined> {
  const entries = await readdir(pathBelow(root, path), { withFileTypes: true, encoding: 'buffer' });
  entries.sort((a, b) => Buffer.compare(a.name, b.name));
  for (const entry of entries) {
    if (entry.isSocket()) continue;
    const name = entry.name.toString('latin1');
    const childPath = path === '' ? name : `${path}/${name}`;
    yield { path: childPath, isWhiteout: await isWhiteout(entry, pathBelow(root, childPath)) };
    if (entry.isDirectory()) yield* namesBelow(root, childPath);
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
