import { existsSync, readFileSync } from 'node:fs';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { WherryError } from '../../errors.ts';
import { encodeTarHeader, tarEnd } from '../../tar/writer.ts';
import {
  type CopyCase,
  EPOCH,
  layerOf,
  linesOf,
  planCase,
  unpackedCase,
} from '../../testing/copy-fixtures.ts';
import { sourceOfFiles } from '../../testing/source-fixtures.ts';
import { type FixtureEntry, tarOf } from '../../testing/tar-fixtures.ts';
import type { SourceTree } from '../source-tree.ts';

const CASES = new URL('../../../../../../shared/cases/tar-hostile/', import.meta.url);

interface Recorded {
  readonly ok: boolean;
  readonly entries?: readonly (string | RecordedEntry)[];
}

interface RecordedEntry {
  readonly name: string;
  readonly type: string;
  readonly mode: string;
  readonly size?: number;
  readonly owner?: string;
  readonly link?: string;
}

/** Where an answer differs on purpose from that of `docker build`. */
const DIFFERENT: Readonly<Record<string, { why: string; names?: readonly string[] }>> = {
  'sparse-pax-1.0.tar': { why: 'sparse files are refused everywhere' },
  'wh-aufs-meta.tar': { why: 'what aufs kept for itself is no file', names: ['keep'] },
};

describe.skipIf(!existsSync(CASES))('hostile archives', () => {
  const recorded = Object.entries(
    existsSync(CASES) ? JSON.parse(readFileSync(new URL('expected.json', CASES), 'utf8')) : {},
  ) as [string, { add: Recorded }][];

  test.each(recorded)('%s', async (name, { add: wanted }) => {
    const content = readFileSync(new URL(name, CASES));
    const added = layerOf({ verb: 'ADD', files: { [name]: { content } }, copy: name, to: '/' });
    const other = DIFFERENT[name];
    if (other ? other.names === undefined : !wanted.ok) {
      await expect(added).rejects.toThrow(WherryError);
      return;
    }
    const found = (await added).map((entry) => ({
      name: Buffer.from(entry.name).toString().replace(/\/$/, ''),
      type: entry.type === 'directory' ? 'dir' : entry.type,
      mode: entry.mode.toString(8),
      ...(entry.type === 'file' && { size: entry.size }),
      ...(entry.link.length > 0 && { link: Buffer.from(entry.link).toString() }),
      owner: `${entry.uid}:${entry.gid}`,
    }));
    found.sort((a, b) => (a.name < b.name ? -1 : 1));
    if (other) {
      expect(found.map((entry) => entry.name)).toEqual(other.names);
      return;
    }
    // The list that was recorded is cut short, in its order.
    const full = (wanted.entries ?? []).filter((entry): entry is RecordedEntry => typeof entry !== 'string');
    const isCut = full.length < (wanted.entries ?? []).length;
    expect(found.slice(0, isCut ? full.length : undefined)).toEqual(
      full.map((entry) => ({ ...entry, owner: entry.owner ?? '0:0' })),
    );
  });
});

const file = (name: string, content = 'x'): FixtureEntry => ({ name, type: 'file', content, mode: 0o640 });
const directory = (name: string): FixtureEntry => ({ name, type: 'directory', mode: 0o710 });
const link = (type: 'symlink' | 'hardlink', name: string, target: string): FixtureEntry => ({
  name,
  type,
  link: target,
});

const BASE: FixtureEntry[] = [
  { name: 'etc/', type: 'directory', mode: 0o711 },
  { name: 'etc/passwd', type: 'file' },
  { name: 'etc/group', type: 'file' },
  { name: 'etc/opt/', type: 'directory' },
  { name: 'opt', type: 'symlink', link: '/etc' },
];

const unpacked: {
  name: string;
  archive: FixtureEntry[];
  to?: string;
  layer: string[];
  more?: Partial<CopyCase>;
}[] = [
  {
    name: 'into a new directory',
    archive: [directory('p'), file('p/f')],
    to: '/t',
    layer: ['t/ 755', 't/p/ 710', 't/p/f 640 "x"'],
  },
  { name: 'a file over a directory', archive: [file('etc')], layer: ['etc 640 "x"'] },
  {
    name: 'a directory over a file',
    archive: [directory('etc/passwd'), file('etc/passwd/x')],
    layer: ['etc/ 711', 'etc/passwd/ 710', 'etc/passwd/x 640 "x"'],
  },
  {
    name: 'a directory over a symlink',
    archive: [directory('opt'), file('opt/x')],
    layer: ['opt/ 710', 'opt/x 640 "x"'],
  },
  { name: 'through a symlink of the stage', archive: [file('opt/x')], layer: ['etc/ 711', 'etc/x 640 "x"'] },
  {
    name: 'through a symlink of its own',
    archive: [link('symlink', 's', 'etc'), file('s/n/y')],
    layer: ['etc/ 711', 'etc/n/ 755', 's 777 -> etc', 'etc/n/y 640 "x"'],
  },
  {
    name: 'through no symlink that leaves the destination',
    archive: [file('opt/x')],
    to: '/etc',
    layer: ['etc/ 711', 'etc/opt/ 755', 'etc/opt/x 640 "x"'],
  },
  {
    name: 'absolute names below the destination',
    archive: [file('/abs'), link('symlink', 'l', '/abs')],
    to: '/t',
    layer: ['t/ 755', 't/l 777 -> /abs', 't/abs 640 "x"'],
  },
  {
    name: 'the last of the entries of one name',
    archive: [file('x', '1'), file('x', '22')],
    to: '/t',
    layer: ['t/ 755', 't/x 640 "22"'],
  },
  {
    name: 'a directory that was a file between',
    archive: [file('etc'), directory('etc'), file('etc/z')],
    layer: ['etc/ 710', 'etc/.wh..wh..opq 0', 'etc/z 640 "x"'],
  },
  {
    name: 'hard links, all with what the last one says',
    archive: [file('b'), { ...link('hardlink', 'a', 'b'), mode: 0o4755, uid: 7 }],
    layer: ['a 4755 7:0 "x"', 'b 4755 7:0 = a'],
  },
  {
    name: 'a hard link of a symlink',
    archive: [link('symlink', 'b', 'x'), link('hardlink', 'a', 'b')],
    layer: ['a 644 -> x', 'b 644 -> x'],
  },
  {
    name: 'a whiteout, which acts below',
    archive: [file('etc/.wh.passwd'), file('etc/n')],
    layer: ['etc/ 711', 'etc/.wh.passwd 0', 'etc/n 640 "x"'],
  },
  {
    name: 'a whiteout of what it brings itself',
    archive: [file('etc/passwd'), file('etc/.wh.passwd'), file('etc/.wh.no')],
    layer: ['etc/ 711', 'etc/passwd 640 "x"'],
  },
  {
    name: 'a whiteout of a directory that it fills',
    archive: [file('etc/n'), file('.wh.etc')],
    layer: ['etc/ 711', 'etc/.wh..wh..opq 0', 'etc/n 640 "x"'],
  },
  {
    name: 'an opaque directory',
    archive: [file('etc/n'), file('etc/.wh..wh..opq')],
    layer: ['etc/ 711', 'etc/.wh..wh..opq 0', 'etc/n 640 "x"'],
  },
  {
    name: 'with the owner for the destination alone',
    archive: [file('q')],
    to: '/t/',
    more: { chown: '5:6', chmod: '777' },
    layer: ['t/ 755 5:6', 't/q 640 "x"'],
  },
  {
    name: 'not when told so',
    archive: [],
    to: '/t',
    more: { unpack: false, files: { 'a.tar': '' } },
    layer: ['t 644'],
  },
];

describe('ADD of an archive', () => {
  test.each(unpacked)('unpacks $name', async ({ archive, to = '/', layer, more }) => {
    const files = { 'a.tar': { content: tarOf(...archive) } };
    expect(await linesOf({ verb: 'ADD', lower: [BASE], files, copy: 'a.tar', to, ...more })).toEqual(layer);
  });

  test.each([
    {
      name: 'a destination that is a file',
      entry: file('x'),
      to: '/etc/passwd',
      error: 'mkdir /etc/passwd: not a directory',
    },
    {
      name: 'a hard link to nothing',
      entry: link('hardlink', 'h', '/etc/passwd'),
      to: '/t',
      error:
        'failed to copy files: Error processing tar file(exit status 1): link /etc/passwd /h: no such file or directory',
    },
    {
      name: 'a hard link to a layer below',
      entry: link('hardlink', 'h', '/etc/passwd'),
      to: '/',
      error:
        'failed to copy files: Error processing tar file(exit status 1): link /etc/passwd /h: is not in the archive but in a layer below',
    },
    {
      name: 'a name through a file',
      entry: file('etc/passwd/x'),
      to: '/',
      error:
        'failed to copy files: Error processing tar file(exit status 1): open /etc/passwd/x: not a directory',
    },
  ])('refuses $name', async ({ entry, to, error }) => {
    const files = { 'a.tar': { content: tarOf(file('first'), entry) } };
    await expect(linesOf({ verb: 'ADD', lower: [BASE], files, copy: 'a.tar', to })).rejects.toThrow(
      expect.objectContaining({ message: error }),
    );
  });

  test('knows one by its content, however it is packed', async () => {
    const tar = tarOf(file('in', 'content'));
    const files = {
      gzip: { content: gzipSync(tar) },
      zstd: { content: zstdCompressSync(tar) },
      'no.tar': 'text',
      'no.gz': { content: gzipSync('text') },
      'broken.gz': { content: gzipSync(tar).subarray(0, 20) },
    };
    for (const copy of ['gzip', 'zstd'])
      expect(await linesOf({ verb: 'ADD', files, copy, to: '/' })).toEqual(['in 640 "content"']);
    const others = ['no.tar', 'no.gz', 'broken.gz'];
    const layer = await layerOf({ verb: 'ADD', files, copy: others, to: '/' });
    expect(layer.map(({ name }) => Buffer.from(name).toString())).toEqual([...others].sort());
    expect(await linesOf({ files: { a: { content: tar } }, copy: 'a', to: '/t/', chmod: '1' })).toHaveLength(
      2,
    );
    expect((await linesOf({ verb: 'ADD', kind: 'fetched', files, copy: 'gzip', to: '/' }))[0]).toMatch(
      /^gzip /,
    );
    expect(
      await linesOf({ verb: 'ADD', kind: 'fetched', unpack: true, files, copy: 'gzip', to: '/' }),
    ).toEqual(['in 640 "content"']);
  });

  test('keeps times up to the latest, attributes without the marks of overlays, and gives the rest the epoch', async () => {
    const xattrs = new Map([
      ['trusted.overlay.opaque', Uint8Array.of(0x79)],
      ['user.a', Uint8Array.of(1)],
    ]);
    const tar = tarOf(
      { ...file('d/f'), mtime: 7, mtimeNs: 8, xattrs },
      { ...file('late'), mtime: EPOCH + 9 },
    );
    const files = { a: { content: tar } };
    const layer = await layerOf({ verb: 'ADD', files, copy: 'a', to: '/', latest: EPOCH + 1 });
    expect(layer.map(({ mtime, mtimeNs }) => [mtime, mtimeNs])).toEqual([
      [EPOCH, 0],
      [7, 8],
      [EPOCH + 1, 0],
    ]);
    expect(layer[1]?.xattrs).toEqual(new Map([['user.a', Uint8Array.of(1)]]));
  });

  test('lets later sources of the instruction replace what it brought', async () => {
    const files = { 'a.tar': { content: tarOf(file('b', 'old'), file('c')) }, b: 'new' };
    expect(await linesOf({ verb: 'ADD', files, copy: ['a.tar', 'b'], to: '/t' })).toEqual([
      't/ 755',
      't/b 644 "new"',
      't/c 640 "x"',
    ]);
  });

  test('is unpacked on the stage as other layers are', async () => {
    const files = { a: { content: tarOf(file('etc/.wh.passwd'), directory('opt'), file('opt/x')) } };
    const found = await unpackedCase({ verb: 'ADD', lower: [BASE], files, copy: 'a', to: '/' });
    expect(Object.keys(found)).toEqual(['/', '/etc/', '/etc/group', '/etc/opt/', '/opt/', '/opt/x']);
  });

  test('goes through gigabytes of zeros without keeping them', async () => {
    const size = 3 * 2 ** 30;
    const tree = sourceOfFiles({ a: 'x' });
    const zeros = new Uint8Array(1 << 20);
    async function* tar() {
      yield encodeTarHeader({ name: 'zeros', type: 'file', size });
      for (let left = size; left > 0; left -= zeros.length) yield zeros;
      yield tarEnd();
    }
    const huge: SourceTree = {
      root: tree.root,
      knownDigest: () => undefined,
      read: async function* (files) {
        for (const node of files) yield { node, body: tar() };
      },
      [Symbol.asyncDispose]: async () => undefined,
    };
    const plan = await planCase({ verb: 'ADD', files: huge, copy: 'a', to: '/' });
    const before = process.memoryUsage().rss;
    let bytes = 0;
    for await (const chunk of plan.write()) bytes += chunk.length;
    expect(bytes).toBe(size + 1536);
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 2 ** 20);
  });
});
