import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { chunksOf } from '../../testing/chunks.ts';
import { entriesOf, layerOf, linesOf, planCase } from '../../testing/copy-fixtures.ts';
import { gather, noise, sha256, sourceOf } from '../../testing/layer-fixtures.ts';
import { type FixtureEntry, tarOf } from '../../testing/tar-fixtures.ts';
import { ImageTree } from '../../tree/image-tree.ts';
import type { SourceNode } from '../source-tree.ts';
import { ImageSource } from './image-source.ts';

const CASES = new URL('../../../../../../shared/cases/tar-hostile/', import.meta.url);

const big = noise(300_000);
const LAYERS: FixtureEntry[][] = [
  [
    { name: 'usr/lib/a', type: 'file', content: 'A', uid: 7, gid: 8, mtime: 9, mtimeNs: 10, mode: 0o4711 },
    { name: 'usr/lib/b', type: 'hardlink', link: 'usr/lib/a' },
    { name: 'usr/gone', type: 'file', content: 'gone' },
    { name: 'usr/empty', type: 'file' },
    { name: 'lib', type: 'symlink', link: 'usr/lib' },
  ],
  [
    { name: 'usr/.wh.gone', type: 'file' },
    { name: 'usr/big', type: 'file', content: big, xattrs: new Map([['user.a', Uint8Array.of(1)]]) },
    { name: 'usr/', type: 'directory', mode: 0o700 },
  ],
];

async function imageOf(opened: number[] = [], chunkBytes = 1000): Promise<ImageSource> {
  const tree = new ImageTree();
  const tars = LAYERS.map((entries) => tarOf(...entries));
  for (const tar of tars) tree.apply(await entriesOf(tar));
  return new ImageSource(tree, (layer) => {
    opened.push(layer);
    return sourceOf(chunksOf(tars[layer]!, chunkBytes));
  });
}

function at(source: ImageSource, path: string): SourceNode {
  const node = path
    .split('/')
    .reduce<SourceNode | undefined>((it, name) => it?.children?.get(name), source.root);
  if (node === undefined) throw new Error(path);
  return node;
}

describe('files of an image', () => {
  test('are copied with owners, times and links, from each layer once', async () => {
    const opened: number[] = [];
    const files = await imageOf(opened);
    const layer = await layerOf({ files, kind: 'image', copy: '/', to: '/t', verb: 'COPY' });
    expect(layer.map((entry) => Buffer.from(entry.name).toString())).toEqual([
      't/',
      't/lib',
      't/usr/',
      't/usr/lib/',
      't/usr/lib/a',
      't/usr/lib/b',
      't/usr/empty',
      't/usr/big',
    ]);
    expect(layer[2]).toMatchObject({ mode: 0o700 });
    expect(layer[3]).toMatchObject({ mode: 0o755, uid: 0 });
    expect(layer[4]).toMatchObject({ mode: 0o4711, uid: 7, gid: 8, mtime: 9, mtimeNs: 10 });
    expect(layer[5]).toMatchObject({ type: 'hardlink' });
    expect(layer[7]?.content).toEqual(big);
    expect(layer[7]?.xattrs).toEqual(new Map([['user.a', Uint8Array.of(1)]]));
    expect(opened).toEqual([0, 1]);
  });

  test('are found through its symlinks', async () => {
    expect(await linesOf({ files: await imageOf(), kind: 'image', copy: '/lib/a', to: '/' })).toEqual([
      'a 4711 7:8 "A"',
    ]);
  });

  test.each([1, 100, 1 << 20])('are hashed on the way, in chunks of %i', async (chunkBytes) => {
    const source = await imageOf([], chunkBytes);
    const nodes = ['usr/big', 'usr/lib/b', 'usr/empty'].map((path) => at(source, path));
    expect(nodes.map((node) => source.knownDigest(node))).toEqual([undefined, undefined, undefined]);
    for await (const { body } of source.read(nodes)) for await (const _ of body as AsyncIterable<Uint8Array>);
    expect(nodes.map((node) => source.knownDigest(node))).toEqual([
      sha256(big),
      sha256(Buffer.from('A')),
      sha256(Buffer.from('')),
    ]);
  });

  test('that nobody reads to their end are not known, and do not stand in the way of the next', async () => {
    const opened: number[] = [];
    const source = await imageOf(opened);
    const nodes = ['usr/big', 'usr/lib/a', 'usr/empty'].map((path) => at(source, path));
    const seen: number[] = [];
    for await (const { node, body } of source.read(nodes)) {
      seen.push(node.size);
      for await (const _ of body as AsyncIterable<Uint8Array>) break;
    }
    expect(seen).toEqual([1, 0, big.length]);
    expect(source.knownDigest(nodes[0]!)).toBeUndefined();
  });

  test.skipIf(!existsSync(CASES)).each(['gzip', 'xz', 'bzip2'])(
    'that are archives in %s are known once they were unpacked',
    async (packed) => {
      const path = { gzip: 'cmp-gzip-trailing.tar.gz', xz: 'cmp-xz.tar.xz', bzip2: 'cmp-bzip2.tar.bz2' }[
        packed
      ];
      const tail = packed === 'gzip' ? [noise(200_000)] : [];
      const content = Buffer.concat([readFileSync(new URL(path ?? '', CASES)), ...tail]);
      const tar = tarOf({ name: 'a', type: 'file', content });
      const tree = new ImageTree();
      tree.apply(await entriesOf(tar));
      const files = new ImageSource(tree, () => sourceOf(chunksOf(tar, 1000)));
      const plan = await planCase({ verb: 'ADD', files, copy: 'a', to: '/' });
      expect(await entriesOf(await gather(plan.write()))).toMatchObject([{ size: 2 }]);
      expect(files.knownDigest(at(files, 'a'))).toBe(sha256(content));
      expect(plan.files()).toBeDefined();
    },
  );

  test('of a layer that is cut short are an error', async () => {
    const tree = new ImageTree();
    const tar = tarOf(...LAYERS[0]!);
    tree.apply(await entriesOf(tar));
    const files = new ImageSource(tree, () => sourceOf([tar.subarray(0, 600)]));
    await expect(linesOf({ files, kind: 'image', copy: '/usr/empty', to: '/x' })).resolves.toEqual(['x 644']);
    const short = new ImageSource(tree, () => sourceOf([tar.subarray(0, 512)]));
    await expect(linesOf({ files: short, kind: 'image', copy: '/lib/a', to: '/x' })).rejects.toMatchObject({
      code: 'TRUNCATED',
    });
  });
});
