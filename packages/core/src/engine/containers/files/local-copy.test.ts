import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { localDestination, localSource } from './local-copy.ts';

describe.skipIf(process.platform === 'win32')('a path of this machine', () => {
  let root: string;
  const at = (name: string) => `${root}/${name}`;
  beforeEach(() => {
    root = realpathSync(mkdtempSync(join(tmpdir(), 'wherry-local-')));
    mkdirSync(at('d/sub'), { recursive: true });
    writeFileSync(at('f'), 'x');
    symlinkSync('d', at('link'));
    symlinkSync('f', at('soft'));
    symlinkSync('none', at('broken'));
    symlinkSync('loop', at('loop'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  test.each([
    { path: 'f', want: { path: 'f', isDirectory: false, base: 'f' } },
    { path: 'd', want: { path: 'd', isDirectory: true, base: 'd' } },
    { path: 'd/', want: { path: 'd', isDirectory: true, base: 'd' } },
    { path: 'd/.', want: { path: 'd', isDirectory: true, base: '.' } },
    { path: 'link', want: { path: 'link', isDirectory: false, base: 'link' } },
    { path: 'link/', want: { path: 'd', isDirectory: true, base: 'd', rebase: 'link' } },
    { path: 'link/.', want: { path: 'd', isDirectory: true, base: '.' } },
    { path: 'link/sub', want: { path: 'd/sub', isDirectory: true, base: 'sub' } },
    { path: 'soft', followLink: true, want: { path: 'f', isDirectory: false, base: 'f', rebase: 'soft' } },
    { path: 'broken', want: { path: 'broken', isDirectory: false, base: 'broken' } },
  ])('is copied from $path', async ({ path, followLink = false, want }) => {
    expect(await localSource(at(path), followLink)).toEqual({ ...want, path: at(want.path) });
  });

  test.each([
    { path: 'none', message: 'lstat ROOT/none: no such file or directory' },
    { path: 'f/', message: 'not a directory' },
    { path: 'f/x', message: 'lstat ROOT/f/x: not a directory' },
  ])('is no source: $path', async ({ path, message }) => {
    await expect(localSource(at(path), false)).rejects.toThrow(message.replace('ROOT', root));
  });

  test.each([
    { path: 'f', want: { path: 'f', exists: true, isDirectory: false } },
    { path: 'd/', want: { path: 'd/', exists: true, isDirectory: true } },
    { path: 'link', want: { path: 'd', exists: true, isDirectory: true } },
    { path: 'new/', want: { path: 'new/', exists: false, isDirectory: false } },
    { path: 'broken', want: { path: 'none', exists: false, isDirectory: false } },
  ])('is copied to $path', async ({ path, want }) => {
    expect(await localDestination(at(path))).toEqual({ ...want, path: at(want.path) });
  });

  test.each([
    { path: 'none/x', message: 'invalid output path: directory "ROOT/none" does not exist' },
    { path: 'f/', message: 'lstat ROOT/f/: not a directory' },
    { path: 'loop', message: 'too many symbolic links' },
  ])('is no destination: $path', async ({ path, message }) => {
    await expect(localDestination(at(path))).rejects.toThrow(message.replace('ROOT', root));
  });

  test('is no destination: a device', async () => {
    await expect(localDestination('/dev/null')).rejects.toThrow(
      'invalid output path: "/dev/null" must be a directory or a regular file: got a device',
    );
  });
});
