import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
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
import type { ByteSource } from '../bytes/byte-source.ts';
import { LocalTree } from './local-tree.ts';

const TIME = { mtime: 1_000_000_000, mtimeNs: 500_000_000 };
const at = (mode: number) => ({ mode, ...TIME });
const text = (content: string) => new TextEncoder().encode(content);

describe('a tree for a user', () => {
  let base: string;
  let out: string;
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'wherry-local-'));
    out = join(base, 'deep', 'out');
  });
  afterEach(() => rmSync(base, { recursive: true, force: true }));

  /** Writes what a tar of these would have. */
  async function write(work: (tree: LocalTree) => Promise<void>): Promise<void> {
    using tree = new LocalTree(out);
    await work(tree);
    tree.finish();
  }

  test('has modes, times, links and names of any bytes, below a directory that it makes', async () => {
    await write(async (tree) => {
      await tree.makeDirectory('closed', at(0o555));
      await tree.makeDirectory('closed/in', at(0o750));
      await tree.writeFile('closed/in/set', at(0o4755), text('content'));
      await tree.writeFile('odd\xff', at(0o600), text('odd'));
      await tree.makeHardLink('twin', 'closed/in/set');
      await tree.makeSymlink('link', text('/etc/passwd'), at(0o777));
    });
    const file = statSync(join(out, 'closed/in/set'));
    expect([file.mode & 0o7777, file.mtimeMs, file.nlink]).toEqual([0o4755, 1_000_000_000_500, 2]);
    expect(statSync(join(out, 'twin')).ino).toBe(file.ino);
    expect(statSync(join(out, 'closed')).mode & 0o7777).toBe(0o555);
    expect(statSync(join(out, 'closed')).mtimeMs).toBe(1_000_000_000_500);
    expect(readlinkSync(join(out, 'link'))).toBe('/etc/passwd');
    expect(lstatSync(join(out, 'link')).mtimeMs).toBe(1_000_000_000_500);
    const names = readdirSync(out, { encoding: 'buffer' }).map((name) => name.toString('latin1'));
    expect(names.sort()).toEqual(['closed', 'link', 'odd\xff', 'twin']);
    chmodSync(join(out, 'closed'), 0o755);
  });

  test('takes the place of what is there, and follows no link', async () => {
    mkdirSync(join(out, 'was-directory/full'), { recursive: true });
    mkdirSync(join(base, 'elsewhere'));
    writeFileSync(join(base, 'elsewhere/file'), 'untouched');
    symlinkSync(join(base, 'elsewhere'), join(out, 'was-link'));
    symlinkSync(join(base, 'elsewhere/file'), join(out, 'file-link'));
    writeFileSync(join(out, 'was-file'), 'old');
    writeFileSync(join(out, 'other'), 'stays');
    const run = () =>
      write(async (tree) => {
        await tree.makeDirectory('was-link', at(0o755));
        await tree.makeDirectory('was-file', at(0o555));
        await tree.writeFile('was-directory', at(0o644), text('new'));
        await tree.writeFile('was-link/file', at(0o644), text('new'));
        await tree.writeFile('file-link', at(0o644), text('new'));
        await tree.writeFile('was-file/in', at(0o644), text('in'));
        await tree.makeHardLink('twin', 'file-link');
      });
    await run();
    // The directory that the first run closed is no hindrance to the second.
    await run();
    expect(readFileSync(join(base, 'elsewhere/file'), 'utf8')).toBe('untouched');
    expect(readFileSync(join(out, 'other'), 'utf8')).toBe('stays');
    for (const path of ['was-directory', 'was-link/file', 'file-link', 'twin'])
      expect([path, readFileSync(join(out, path), 'utf8')]).toEqual([path, 'new']);
    expect(statSync(join(out, 'twin')).ino).toBe(statSync(join(out, 'file-link')).ino);
    chmodSync(join(out, 'was-file'), 0o755);
  });

  test('has no half of a file whose content broke off', async () => {
    mkdirSync(out, { recursive: true });
    writeFileSync(join(out, 'file'), 'old');
    async function* broken(): ByteSource {
      yield text('half');
      throw new Error('gone');
    }
    await expect(write((tree) => tree.writeFile('file', at(0o644), broken()))).rejects.toThrow('gone');
    expect(readdirSync(out)).toEqual(['file']);
    expect(readFileSync(join(out, 'file'), 'utf8')).toBe('old');
  });
});
