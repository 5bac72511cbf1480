import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CacheDirectory } from './cache-directory.ts';
import type { CacheSharing } from './run-mount.ts';

const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'wherry-caches-'));
});
afterEach(() => rmSync(root, { recursive: true }));

async function open(id: string, sharing: CacheSharing, signal?: AbortSignal): Promise<CacheDirectory> {
  const cache = await CacheDirectory.open(root, { id, sharing }, signal);
  await cache.make(owner, async (directory) => writeFileSync(join(directory, 'first'), ''));
  return cache;
}

test('is made once, whole, with what it begins with', async () => {
  let { directory } = await open('../a b', 'private');
  expect(readdirSync(directory)).toEqual(['first']);
  rmSync(join(directory, 'first'));
  const parent = join(directory, '..');
  expect(readdirSync(root)).toHaveLength(1);
  const second = await open('../a b', 'private');
  expect(second.directory).not.toBe(directory);
  await second[Symbol.asyncDispose]();
  rmSync(parent, { recursive: true });
  // One that was killed while it made it.
  mkdirSync(`${directory}.new/d`, { recursive: true });
  ({ directory } = await open('../a b', 'locked'));
  expect(readdirSync(directory)).toEqual(['first']);
  expect(readdirSync(parent)).not.toContain('0.new');
});

test('gets its owner and mode, whatever our umask is', async () => {
  const before = process.umask(0o077);
  try {
    const cache = await CacheDirectory.open(root, { id: 'm', sharing: 'shared' });
    await cache.make({ ...owner, mode: 0o1777 }, async () => undefined);
    expect(statSync(cache.directory).mode & 0o7777).toBe(0o1777);
    chmodSync(cache.directory, 0o700);
    await cache[Symbol.asyncDispose]();
  } finally {
    process.umask(before);
  }
});

test('is shared by those who want to, and by nobody else', async () => {
  const shared = [await open('a', 'shared'), await open('a', 'shared')];
  expect(shared[0]?.directory).toBe(shared[1]?.directory);
  const own = await open('a', 'private');
  expect(own.directory).not.toBe(shared[0]?.directory);
  await expect(open('a', 'locked', AbortSignal.timeout(60))).rejects.toMatchObject({ code: 'CANCELLED' });
  for (const each of shared) await each[Symbol.asyncDispose]();
  const locked = await open('a', 'locked');
  expect(locked.directory).toBe(shared[0]?.directory);
  await expect(open('a', 'shared', AbortSignal.timeout(60))).rejects.toMatchObject({ code: 'CANCELLED' });
  await locked[Symbol.asyncDispose]();
  await own[Symbol.asyncDispose]();
  const again = await open('a', 'private');
  expect(again.directory).toBe(shared[0]?.directory);
});
