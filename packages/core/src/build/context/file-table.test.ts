import type { Stats } from 'node:fs';
import { expect, test } from 'vitest';
import { EMPTY_PATH_HASH, extendPathHash, FileTable } from './file-table.ts';

function tableOf(files: readonly (readonly [name: string, mtime: number])[]): FileTable {
  const table = new FileTable();
  for (const [name, mtime] of files) {
    const stats = { ino: 1, dev: 1, mtimeMs: mtime, ctimeMs: 5, size: 3, mode: 0o644 };
    table.add(stats as Stats, extendPathHash(EMPTY_PATH_HASH, name));
  }
  return table;
}

/** What was kept of files that all have the digest of their name and time. */
function recordsOf(files: readonly (readonly [name: string, mtime: number])[]): Uint8Array {
  const table = tableOf(files);
  for (const [place, file] of files.entries()) table.setDigest(place, hexOf(file));
  return table.records(0, files.length);
}

function hexOf([name, mtime]: readonly [name: string, mtime: number]): string {
  return Buffer.from(`${name} ${mtime}`.padEnd(32)).toString('hex');
}

const MANY = Array.from({ length: 100 }, (_, i) => [`f${i}`, i] as const);

test.each([
  { name: 'that are all as they were', now: MANY },
  { name: 'with new ones', now: [['a', 1], ...MANY.slice(0, 50), ['b', 1], ...MANY.slice(50)] as const },
  { name: 'without some that were', now: MANY.filter(([, i]) => i % 7 !== 3) },
  { name: 'that changed', now: MANY.map(([name, i]) => [name, i % 3 === 0 ? i + 1000 : i] as const) },
  { name: 'in another order', now: [...MANY].reverse() },
  { name: 'none of which was', now: [['a', 1]] as const },
])('files $name get the digests of those that are the same', ({ now }) => {
  const table = tableOf(now);
  table.adoptDigests(recordsOf(MANY));
  const kept = new Set(MANY.map(hexOf));
  const want = now.map((file) => (kept.has(hexOf(file)) ? `sha256:${hexOf(file)}` : undefined));
  expect(now.map((_, place) => table.digest(place))).toEqual(want);
});

test('nothing is taken from no records', () => {
  const table = tableOf(MANY);
  table.adoptDigests(new Uint8Array(0));
  expect(table.isKnown(0)).toBe(false);
});
