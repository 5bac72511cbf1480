import { lstat } from 'node:fs/promises';
import { isErrno } from '../errors.ts';
import type { Snapshot } from './snapshots/snapshot.ts';
import { pathBelow } from './upper-names.ts';

/** What a file is in the merged view of layers. */
export interface FoundFile {
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/**
 * Looks for paths, with one character per byte, in an overlay of the layers, base first, without mounting it. Links are
 * not followed: a path through one is not found.
 */
export async function lookUp(
  layers: readonly Pick<Snapshot, 'directory' | 'opaque'>[],
  paths: readonly string[],
): Promise<ReadonlyMap<string, FoundFile>> {
  const found = new Map<string, FoundFile>();
  for (const path of paths) {
    const file = await lookUpOne(layers, path);
    if (file !== undefined) found.set(path, file);
  }
  return found;
}

async function lookUpOne(
  layers: readonly Pick<Snapshot, 'directory' | 'opaque'>[],
  path: string,
): Promise<FoundFile | undefined> {
  const names = path.split('/');
  const prefixes = names.map((_, index) => names.slice(0, index + 1).join('/'));
  for (const { directory, opaque } of layers.toReversed()) {
    const answer = await lookInLayer(Buffer.from(directory), prefixes);
    if (answer !== undefined) return answer === 'absent' ? undefined : answer;
    // What a layer hides, those below it cannot show.
    if (['', ...prefixes].some((prefix) => opaque.includes(prefix))) return undefined;
  }
  return undefined;
}

/** `absent`: the layer says that there is nothing; `undefined`: it says nothing. */
async function lookInLayer(
  root: Buffer,
  prefixes: readonly string[],
): Promise<FoundFile | 'absent' | undefined> {
  for (const prefix of prefixes) {
    const stats = await lstatIfThere(pathBelow(root, prefix));
    if (stats === undefined) return undefined;
    // A whiteout, of overlay's.
    if (stats.isCharacterDevice() && stats.rdev === 0) return 'absent';
    const { mode, uid, gid } = stats;
    if (prefix === prefixes.at(-1)) return { mode: mode & 0o7777, uid, gid };
    if (!stats.isDirectory()) return 'absent';
  }
  return undefined;
}

async function lstatIfThere(path: Buffer) {
  try {
    return await lstat(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
