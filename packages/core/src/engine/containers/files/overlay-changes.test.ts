import type { BigIntStats } from 'node:fs';
import { expect, test } from 'vitest';
import type { TocEntry } from '../../../layer/toc-format.ts';
import { ImageTree } from '../../../tree/image-tree.ts';
import { overlayChanges } from './overlay-changes.ts';

const NS = 1_000_000_000n;
const TYPE_BITS = { file: 0o100000, directory: 0o40000, symlink: 0o120000, char: 0o20000 } as const;

interface File {
  readonly type?: keyof typeof TYPE_BITS;
  readonly mode?: number;
  readonly uid?: number;
  readonly size?: number;
  readonly mtime?: number;
  readonly mtimeNs?: number;
}

function entryOf(name: string, file: File): TocEntry {
  const { type = 'file', mode = 0o644, uid = 0, size = 3, mtime = 1000, mtimeNs = 0 } = file;
  return {
    ...{ name: Buffer.from(name), type, mode, uid, gid: 0, mtime, mtimeNs, dataOffset: 0 },
    ...{ size: type === 'file' ? size : 0, link: Buffer.alloc(0), devMajor: 0, devMinor: 0 },
  };
}

function statsOf(file: File): BigIntStats {
  const { type = 'file', mode = 0o644, uid = 0, size = 3, mtime = 1000, mtimeNs = 0 } = file;
  const is = (wanted: string) => () => type === wanted;
  const kinds = { isFile: is('file'), isDirectory: is('directory'), isSymbolicLink: is('symlink') };
  const more = { isFIFO: is('fifo'), isCharacterDevice: is('char'), isBlockDevice: is('block') };
  const numbers = { mode: BigInt(mode | TYPE_BITS[type]), uid: BigInt(uid), gid: 0n, size: BigInt(size) };
  return { ...kinds, ...more, ...numbers, mtimeNs: BigInt(mtime) * NS + BigInt(mtimeNs) } as BigIntStats;
}

const DIRECTORY: File = { type: 'directory', mode: 0o755 };
const BASE: Record<string, File> = {
  ...{
    etc: DIRECTORY,
    'etc/a': {},
    'etc/b': {},
    'etc/sub': DIRECTORY,
    'etc/sub/x': {},
    bin: DIRECTORY,
    'bin/sh': {},
  },
};

/** What an upper directory with these files tells; `null` is a whiteout. */
async function changes(
  upper: Record<string, File | null>,
  opaque: readonly string[] = [],
): Promise<string[]> {
  const tree = new ImageTree();
  tree.apply(Object.entries(BASE).map(([name, file]) => entryOf(name, file)));
  const found = await overlayChanges({
    names: Object.entries(upper).map(([path, file]) => ({ path, isWhiteout: file === null })),
    tree: tree.root,
    opaque: new Set(opaque),
    statOf: async (path) => statsOf(upper[path] ?? {}),
  });
  return found.map(({ kind, path }) => `${kind} ${path}`);
}

test.each([
  { name: 'a new file', upper: { etc: DIRECTORY, 'etc/new': {} }, want: ['modified etc', 'added etc/new'] },
  {
    name: 'a new tree',
    upper: { new: DIRECTORY, 'new/x': {}, 'new/y': DIRECTORY },
    want: ['added new', 'added new/x', 'added new/y'],
  },
  {
    name: 'other content',
    upper: { etc: DIRECTORY, 'etc/a': { size: 4 } },
    want: ['modified etc', 'modified etc/a'],
  },
  {
    name: 'another time',
    upper: { etc: DIRECTORY, 'etc/a': { mtime: 2000 } },
    want: ['modified etc', 'modified etc/a'],
  },
  { name: 'a copy that is as before', upper: { etc: DIRECTORY, 'etc/a': { mtimeNs: 0 } }, want: [] },
  { name: 'a directory that was only touched', upper: { etc: { ...DIRECTORY, mtime: 5000 } }, want: [] },
  { name: 'another mode', upper: { etc: { ...DIRECTORY, mode: 0o700 } }, want: ['modified etc'] },
  { name: 'another owner', upper: { bin: { ...DIRECTORY, uid: 7 } }, want: ['modified bin'] },
  {
    name: 'what is gone',
    upper: { etc: DIRECTORY, 'etc/a': null, 'etc/sub': null },
    want: ['modified etc', 'deleted etc/a', 'deleted etc/sub'],
  },
  { name: 'a whiteout of nothing', upper: { etc: DIRECTORY, 'etc/none': null }, want: [] },
  {
    name: 'a directory in the place of another',
    upper: { etc: DIRECTORY, 'etc/b': {}, 'etc/new': {} },
    opaque: ['etc'],
    want: ['modified etc', 'deleted etc/a', 'added etc/new', 'deleted etc/sub'],
  },
  { name: 'a file in the place of a directory', upper: { etc: {} }, want: ['modified etc'] },
  {
    name: 'a directory in the place of a file',
    upper: { bin: DIRECTORY, 'bin/sh': DIRECTORY, 'bin/sh/x': {} },
    want: ['modified bin', 'modified bin/sh', 'added bin/sh/x'],
  },
  {
    name: 'a change far down',
    upper: { etc: DIRECTORY, 'etc/sub': DIRECTORY, 'etc/sub/x': { size: 9 } },
    want: ['modified etc', 'modified etc/sub', 'modified etc/sub/x'],
  },
])('tells $name', async ({ upper, opaque = [], want }) => {
  expect(await changes(upper as Record<string, File | null>, opaque)).toEqual(want);
});
