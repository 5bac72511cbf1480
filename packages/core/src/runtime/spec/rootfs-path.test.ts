import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeRootfsDirectory, readRootfsFile, resolveInRootfs } from './rootfs-path.ts';

let rootfs: string;
beforeEach(async () => {
  rootfs = await mkdtemp(join(tmpdir(), 'wherry-rootfs-'));
  await mkdir(join(rootfs, 'etc'));
  await writeFile(join(rootfs, 'etc/file'), 'text');
});
afterEach(() => rm(rootfs, { recursive: true, force: true }));

test.each([
  { name: 'a plain path', path: '/etc/file', want: 'etc/file' },
  { name: 'one that climbs', path: '../../../etc/./file', want: 'etc/file' },
  { name: 'one that is not there', path: '/a/b/../c', want: 'a/c' },
  { name: 'a link to above', path: '/up/etc/file', want: 'etc/file' },
  { name: 'an absolute link', path: '/abs/file', want: 'etc/file' },
])('resolves $name', async ({ path, want }) => {
  await symlink('../../..', join(rootfs, 'up'));
  await symlink('/etc', join(rootfs, 'abs'));
  expect(resolveInRootfs(rootfs, path).path).toBe(join(rootfs, want));
});

test('makes directories behind links inside', async () => {
  await symlink('/data', join(rootfs, 'link'));
  makeRootfsDirectory(rootfs, '/link/new/dir');
  expect((await stat(join(rootfs, 'data/new/dir'))).isDirectory()).toBe(true);
  makeRootfsDirectory(rootfs, '/link/new/dir');
});

test.each(['/etc/file', '/etc/file/below'])('makes no directory of %s', (path) => {
  expect(() => makeRootfsDirectory(rootfs, path)).toThrow(`Cannot mkdir: ${path} is not a directory`);
});

test('reads files, and nothing else', () => {
  expect(readRootfsFile(rootfs, '/etc/file', 10)).toBe('text');
  expect(readRootfsFile(rootfs, '/etc', 10)).toBeUndefined();
  expect(readRootfsFile(rootfs, '/etc/none', 10)).toBeUndefined();
  expect(() => readRootfsFile(rootfs, '/etc/file', 3)).toThrow('/etc/file: 4 bytes, want 3 at most');
});

test.skipIf(process.platform !== 'linux')('is not held up by a named pipe', () => {
  execFileSync('mkfifo', [join(rootfs, 'etc/passwd')]);
  expect(readRootfsFile(rootfs, '/etc/passwd', 10)).toBeUndefined();
});
