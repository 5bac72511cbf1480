import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { collect } from '../bytes/collect.ts';
import { readTar } from '../tar/reader.ts';
import { type TarItem, writeTar } from '../tar/writer.ts';
import { readRootfs, readTree } from './read-tree.ts';
import { pathIn, walkBelow } from './scoped-walk.ts';
import { writeTree } from './write-tree.ts';

const LINUX = process.platform === 'linux';
const OWNER = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

let root: string;
let outside: string;
let fd: number;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'wherry-tree-'));
  outside = mkdtempSync(join(tmpdir(), 'wherry-outside-'));
  for (const name of ['d/sub', 'e']) mkdirSync(join(root, name), { recursive: true });
  writeFileSync(join(root, 'd/f'), 'old');
  writeFileSync(join(outside, 'secret'), 'secret');
  symlinkSync(outside, join(root, 'out'));
  symlinkSync('../../../e', join(root, 'd/up'));
  symlinkSync('loop', join(root, 'loop'));
  symlinkSync('/d/none/x', join(root, 'broken'));
  if (LINUX) fd = openSync(root, 'r');
});
afterEach(() => {
  if (LINUX) closeSync(fd);
  for (const directory of [root, outside]) rmSync(directory, { recursive: true });
});

const write = (directory: string, ...items: TarItem[]) =>
  writeTree({ root: fd, directory, archive: writeTar(items), owner: OWNER });
const file = (name: string, text = 'new'): TarItem => ({
  entry: { name, type: 'file', mode: 0o640, mtime: 1000 },
  body: Buffer.from(text),
});
const read = (name: string) => readFileSync(join(root, name), 'utf8');

describe.runIf(LINUX)('walkBelow', () => {
  test.each([
    { path: '/d/f', want: { path: 'd/f', file: 'f', missing: [] } },
    { path: 'd/up/../d/./sub/', want: { path: 'd/sub', missing: [] } },
    { path: '/../../d', want: { path: 'd', missing: [] } },
    { path: '/broken', want: { path: 'd/none/x', missing: ['none', 'x'] } },
    { path: '/d/none/../f', want: { path: 'd/f', file: 'f', missing: [] } },
    { path: '/', want: { path: '', missing: [] } },
  ])('leads $path to $want.path', ({ path, want }) => {
    using walked = walkBelow(fd, path);
    expect(walked).toMatchObject(want);
  });

  test('keeps links inside of the root', () => {
    using walked = walkBelow(fd, '/out/secret');
    expect(walked.path).toBe(`${outside.slice(1)}/secret`);
    expect(walked.missing).toHaveLength(outside.split('/').length);
  });

  test('refuses loops, and ways through files', () => {
    expect(() => walkBelow(fd, 'loop')).toThrow('lstat /loop: too many levels of symbolic links');
    expect(() => walkBelow(fd, 'd/f/x')).toThrow('lstat /d/f/x: not a directory');
    expect(() => walkBelow(fd, 'x'.repeat(5000))).toThrow('file name too long');
  });

  test('shows what is mounted in the place of what it covers', () => {
    using walked = walkBelow(fd, '/d/up/../d/sub/secret', new Map([['d/sub', outside]]));
    expect(readFileSync(pathIn(walked.fd, walked.file ?? ''), 'utf8')).toBe('secret');
  });

  test('leaves no descriptor open', () => {
    const count = () => readdirSync('/proc/self/fd').length;
    const before = count();
    for (const path of ['/d/sub', '/d/none', '/broken', '/d/f']) walkBelow(fd, path)[Symbol.dispose]();
    for (const path of ['loop', 'd/f/x']) expect(() => walkBelow(fd, path)).toThrow();
    expect(count()).toBe(before);
  });
});

describe.runIf(LINUX)('writeTree', () => {
  test('makes what the archive has, and replaces files', async () => {
    await write(
      '/d',
      { entry: { name: './', type: 'directory', mode: 0o700 } },
      file('./f'),
      { entry: { name: 'made/', type: 'directory', mode: 0o711, mtime: 5 } },
      file('made/deep/er'),
      file('/made/a', 'A'),
      { entry: { name: 'made/link', type: 'symlink', link: '/d/f', mtime: 7 } },
      { entry: { name: 'made/hard', type: 'hardlink', link: 'made/a' } },
      { entry: { name: 'made/pipe', type: 'fifo', mode: 0o600, mtime: 9 } },
    );
    expect([read('d/f'), read('d/made/deep/er'), read('d/made/hard')]).toEqual(['new', 'new', 'A']);
    expect(statSync(join(root, 'd')).mode & 0o777).not.toBe(0o700);
    expect(statSync(join(root, 'd/made'))).toMatchObject({ mode: 0o40711, mtimeMs: 5000 });
    expect(statSync(join(root, 'd/f'))).toMatchObject({ mode: 0o100640, mtimeMs: 1_000_000 });
    expect(readlinkSync(join(root, 'd/made/link'))).toBe('/d/f');
    expect(lstatSync(join(root, 'd/made/link')).mtimeMs).toBe(7000);
    expect(lstatSync(join(root, 'd/made/pipe')).isFIFO()).toBe(true);
    expect(statSync(join(root, 'd/made/a')).ino).toBe(statSync(join(root, 'd/made/hard')).ino);
  });

  test('takes rights away with the owner', async () => {
    const program = (name: string, uid: number): TarItem => ({
      entry: { name, type: 'file', mode: 0o6755, uid, gid: OWNER.gid },
      body: Buffer.from('x'),
    });
    await write('/d', program('own', OWNER.uid), program('others', OWNER.uid + 1));
    const archive = writeTar([program('plain', OWNER.uid)]);
    await writeTree({ root: fd, directory: '/d', archive, owner: OWNER, unprivileged: true });
    const modes = ['own', 'others', 'plain'].map((name) => statSync(join(root, 'd', name)).mode & 0o7777);
    expect(modes).toEqual([0o6755, 0o755, 0o755]);
  });

  test.each([
    { name: 'a name above', item: file('../../x'), message: '"../../x" is outside of "/d"' },
    {
      name: 'a link that leads above',
      item: { entry: { name: 'l', type: 'symlink', link: '../x' } } as TarItem,
      message: 'invalid symlink "/d/l" -> "../x"',
    },
    {
      name: 'a hard link to a file above',
      item: { entry: { name: 'l', type: 'hardlink', link: '../e/x' } } as TarItem,
      message: 'invalid hardlink "/e/x" -> "../e/x"',
    },
    {
      name: 'a hard link to nothing',
      item: { entry: { name: 'l', type: 'hardlink', link: 'none/x' } } as TarItem,
      message: 'link /d/none/x /d/l: no such file or directory',
    },
    {
      name: 'a file in the place of a directory',
      item: file('sub'),
      message: 'cannot overwrite directory "/d/sub" with non-directory "/d"',
    },
    {
      name: 'a directory in the place of a file',
      item: { entry: { name: 'f', type: 'directory' } } as TarItem,
      message: 'cannot overwrite non-directory "/d/f" with directory "/d"',
    },
    { name: 'a way through a file', item: file('f/x'), message: 'mkdir /d/f: not a directory' },
  ])('refuses $name', async ({ item, message }) => {
    await expect(write('/d', item)).rejects.toThrow(message);
    expect(readdirSync(join(root, 'd')).sort()).toEqual(['f', 'sub', 'up']);
    expect(read('d/f')).toBe('old');
  });

  test('follows links inside of the root only', async () => {
    await write(
      '/',
      { entry: { name: 'evil', type: 'symlink', link: outside } },
      file('evil/x'),
      file('d/up/y'),
    );
    expect(readdirSync(outside)).toEqual(['secret']);
    expect(read('e/y')).toBe('new');
    expect(existsSync(join(root, outside, 'x'))).toBe(true);
  });

  test('leaves the old file when the archive breaks off in the new one', async () => {
    const bytes = await collect(writeTar([file('f', 'x'.repeat(2000))]), 1 << 20);
    async function* broken() {
      yield bytes.subarray(0, 1500);
    }
    const request = { root: fd, directory: '/d', archive: broken(), owner: OWNER };
    await expect(writeTree(request)).rejects.toMatchObject({ code: 'TRUNCATED', message: 'unexpected EOF' });
    expect(read('d/f')).toBe('old');
    expect(readdirSync(join(root, 'd')).sort()).toEqual(['f', 'sub', 'up']);
  });

  test('does not go where a directory was swapped for a link meanwhile', async () => {
    async function* items() {
      yield file('sub/one');
      rmSync(join(root, 'd/sub'), { recursive: true });
      symlinkSync(outside, join(root, 'd/sub'));
      yield file('sub/two');
      yield file('up/three');
      yield file('sub/four');
    }
    await writeTree({ root: fd, directory: '/d', archive: writeTar(items()), owner: OWNER }).catch(() => {});
    expect(readdirSync(outside)).toEqual(['secret']);
  });
});

describe.runIf(LINUX)('readTree', () => {
  const namesOf = async (archive: AsyncIterable<Uint8Array>) => {
    const names: string[] = [];
    for await (const { entry } of readTar(archive)) names.push(Buffer.from(entry.name).toString());
    return names;
  };

  test('gives names in order, under the name that is wanted', async () => {
    writeFileSync(join(root, 'd.x'), '');
    linkSync(join(root, 'd/f'), join(root, 'd/sub/hard'));
    expect(await namesOf(readRootfs(fd))).toEqual([
      'broken',
      'd/',
      'd/f',
      'd/sub/',
      'd/sub/hard',
      'd/up',
      'd.x',
      'e/',
      'loop',
      'out',
    ]);
    const hollow = readTree({ directory: fd, name: 'x', hollow: ['d'] });
    expect((await namesOf(hollow)).slice(0, 4)).toEqual(['x/', 'x/broken', 'x/d/', 'x/d.x']);
    const below = openSync(join(root, 'd'), 'r');
    try {
      expect(await namesOf(readTree({ directory: below, name: '.' }))).toContain('./sub/hard');
      expect((await namesOf(readTree({ directory: below, name: '' }))).slice(0, 2)).toEqual(['/', '/f']);
      expect(await namesOf(readTree({ directory: below, base: 'up', name: 'q' }))).toEqual(['q']);
      expect(await namesOf(readTree({ directory: below, base: 'sub', name: 'q' }))).toEqual(['q/', 'q/hard']);
    } finally {
      closeSync(below);
    }
  });

  test('reads back what it wrote, extended attributes and all', async () => {
    await write('/e', {
      ...file('x'),
      entry: { ...file('x').entry, xattrs: new Map([['user.k', Buffer.from('v')]]) },
    });
    const found: unknown[] = [];
    for await (const { entry } of readTar(readTree({ directory: fd, base: 'e', name: 'e' })))
      found.push(entry.xattrs && [...entry.xattrs].map(([key, value]) => `${key}=${Buffer.from(value)}`));
    expect(found[1]).toEqual(['user.k=v']);
    expect(execFileSync('cat', [join(root, 'e/x')]).toString()).toBe('new');
  });
});
