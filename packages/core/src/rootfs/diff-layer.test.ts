import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ByteSource } from '../bytes/byte-source.ts';
import { readTar } from '../tar/reader.ts';
import { gather, sourceOf } from '../testing/layer-fixtures.ts';
import { diffLayer } from './diff-layer.ts';
import { detectOwnership } from './privileges.ts';

const isRoot = detectOwnership() === 'root';
const hasSetfattr = spawnSync('setfattr', ['--version']).status === 0;
let upper: string;
beforeEach(() => {
  upper = mkdtempSync(join(tmpdir(), 'wherry-upper-'));
});
afterEach(() => rmSync(upper, { recursive: true, force: true }));

const at = (name: string) => join(upper, name);

async function entriesOf(tar: ByteSource) {
  const entries = [];
  for await (const { entry, body } of readTar(tar)) {
    const { name, link, xattrs, ...rest } = entry;
    const content = (await gather(body)).toString();
    const keys = xattrs && { xattrs: [...xattrs.keys()] };
    entries.push({
      ...rest,
      name: Buffer.from(name).toString(),
      link: Buffer.from(link).toString(),
      content,
      ...keys,
    });
  }
  return entries;
}

test('a layer has what is in the directory, sorted, and again the same', async () => {
  mkdirSync(at('d'));
  for (const name of ['d/b', 'd/a', 'z', '-odd', 'é\n']) writeFileSync(at(name), name, { mode: 0o640 });
  chmodSync(at('z'), 0o4755);
  linkSync(at('d/a'), at('hard'));
  symlinkSync('../some/where', at('soft'));
  for (const name of ['d/a', 'd/b', 'z', '-odd', 'é\n', 'd']) utimesSync(at(name), 1000.5, 1000.5);
  const tar = await gather(diffLayer(upper));
  expect(await entriesOf(sourceOf([tar]))).toMatchObject([
    { name: '-odd', type: 'file', mode: 0o640, content: '-odd', mtime: 1000, mtimeNs: 0 },
    { name: 'd/', type: 'directory', mtime: 1000 },
    { name: 'd/a', content: 'd/a' },
    { name: 'd/b', content: 'd/b' },
    { name: 'hard', type: 'hardlink', link: 'd/a' },
    { name: 'soft', type: 'symlink', link: '../some/where' },
    { name: 'z', mode: 0o4755 },
    { name: 'é\n', content: 'é\n' },
  ]);
  utimesSync(at('d'), 1000.75, 1000.75);
  expect(await gather(diffLayer(upper))).toEqual(tar);
});

test('times are in whole seconds, also those that a plain header cannot say', async () => {
  const times = { before: -90.5, far: 10_000_000_000.75, now: 1000.75, zero: 0 };
  for (const [name, time] of Object.entries(times)) {
    writeFileSync(at(name), name);
    utimesSync(at(name), new Date(time * 1000), new Date(time * 1000));
  }
  expect(await entriesOf(diffLayer(upper))).toMatchObject([
    { name: 'before', mtime: -91, mtimeNs: 0 },
    { name: 'far', mtime: 10_000_000_000, mtimeNs: 0 },
    { name: 'now', mtime: 1000, mtimeNs: 0 },
    { name: 'zero', mtime: 0, mtimeNs: 0 },
  ]);
});

test('a directory without changes is an empty layer', async () => {
  expect(await gather(diffLayer(upper))).toEqual(Buffer.alloc(1024));
});

test('sockets are left out', async () => {
  const server = createServer().listen(at('socket'));
  await new Promise((resolve) => server.once('listening', resolve));
  expect(await entriesOf(diffLayer(upper))).toEqual([]);
  server.close();
});

test('a file that grows meanwhile has the size that it began with', async () => {
  writeFileSync(at('a'), Buffer.alloc(4 << 20, 'x'));
  writeFileSync(at('log'), 'line\n');
  const found = [];
  for await (const { entry, body } of readTar(diffLayer(upper))) {
    appendFileSync(at('a'), 'more');
    found.push([entry.size, (await gather(body)).length]);
  }
  expect(found[0]).toEqual([4 << 20, 4 << 20]);
});

test('a file that shrinks meanwhile is told', async () => {
  writeFileSync(at('a'), Buffer.alloc(8 << 20, 'x'));
  const read = async () => {
    for await (const { body } of readTar(diffLayer(upper)))
      for await (const _ of body) truncateSync(at('a'), 100);
  };
  await expect(read()).rejects.toMatchObject({ code: 'CONFLICT', message: 'a changed while it was read' });
});

test('stops when nobody reads on, and when it is cancelled', async () => {
  for (let i = 0; i < 4; i++) writeFileSync(at(`f${i}`), Buffer.alloc(1 << 20));
  for await (const _ of diffLayer(upper)) break;
  const abort = new AbortController();
  const read = async () => {
    for await (const _ of diffLayer(upper, { signal: abort.signal })) abort.abort();
  };
  await expect(read()).rejects.toMatchObject({ code: 'CANCELLED' });
});

describe.skipIf(!isRoot || !hasSetfattr)('marks of an overlay (needs root and setfattr)', () => {
  const run = (program: string, ...args: string[]) => expect(spawnSync(program, args).status).toBe(0);

  test('become whiteouts', async () => {
    mkdirSync(at('d'));
    mkdirSync(at('o'));
    run('mknod', at('d/gone'), 'c', '0', '0');
    run('mknod', at('dev'), 'c', '1', '3');
    run('setfattr', '-n', 'trusted.overlay.opaque', '-v', 'y', at('o'));
    run('setfattr', '-n', 'trusted.overlay.origin', '-v', 'x', at('d'));
    writeFileSync(at('o/f'), '');
    run(
      'setfattr',
      '-n',
      'security.capability',
      '-v',
      '0x0100000200040000000000000000000000000000',
      at('o/f'),
    );
    expect(await entriesOf(diffLayer(upper))).toMatchObject([
      { name: 'd/', type: 'directory' },
      { name: 'd/.wh.gone', type: 'file', size: 0, mtime: 0 },
      { name: 'dev', type: 'char', devMajor: 1, devMinor: 3 },
      { name: 'o/' },
      { name: 'o/.wh..wh..opq', type: 'file', size: 0 },
      { name: 'o/f', xattrs: ['security.capability'] },
    ]);
  });

  test('that hide where content lies are refused', async () => {
    mkdirSync(at('d'));
    run('setfattr', '-n', 'trusted.overlay.redirect', '-v', '/other', at('d'));
    await expect(gather(diffLayer(upper))).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });
});
