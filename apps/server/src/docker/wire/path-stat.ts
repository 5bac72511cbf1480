import { constants } from 'node:fs';
import type { FileStat } from '@wherry/core';

/** Bits of Go's `os.FileMode` by the types of stat(2). */
const TYPE_BITS = new Map<number, number>([
  [constants.S_IFDIR, 2 ** 31],
  [constants.S_IFLNK, 2 ** 27],
  [constants.S_IFBLK, 2 ** 26],
  [constants.S_IFCHR, 2 ** 26 + 2 ** 21],
  [constants.S_IFIFO, 2 ** 25],
  [constants.S_IFSOCK, 2 ** 24],
]);
const SETUID = { linux: 0o4000, go: 2 ** 23 };
const SETGID = { linux: 0o2000, go: 2 ** 22 };
const STICKY = { linux: 0o1000, go: 2 ** 20 };
const PERMISSIONS = 0o777;

/** The value of `X-Docker-Container-Path-Stat`. */
export function pathStatHeader({ linkTarget = '', mode, modifiedAt, name, size }: FileStat): string {
  const mtime = modifiedAt.toISOString().replace(/\.?0*Z$/, 'Z');
  return Buffer.from(JSON.stringify({ name, size, mode: goMode(mode), mtime, linkTarget })).toString(
    'base64',
  );
}

/** Sums, since Go's bits go beyond those of JavaScript's `|`. */
function goMode(mode: number): number {
  const type = TYPE_BITS.get(mode & constants.S_IFMT) ?? 0;
  const special = [SETUID, SETGID, STICKY].reduce((sum, { go, linux }) => sum + (mode & linux ? go : 0), 0);
  return type + special + (mode & PERMISSIONS);
}
