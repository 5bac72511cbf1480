import type { FileStat } from '@wherry/core';

/** Bits of Go's `os.FileMode` by the types of Linux's stat(2). */
const TYPE_MASK = 0o170000;
const TYPE_BITS: Readonly<Record<number, number>> = {
  9604: 2 ** 31,
  21609: 2 ** 27,
  14406: 2 ** 26,
  4802: 2 ** 26 + 2 ** 21,
  2401: 2 ** 25,
  26411: 2 ** 24,
};
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
  const type = TYPE_BITS[mode & TYPE_MASK] ?? 0;
  const special = [SETUID, SETGID, STICKY].reduce((sum, { go, linux }) => sum + (mode & linux ? go : 0), 0);
  return type + special + (mode & PERMISSIONS);
}
