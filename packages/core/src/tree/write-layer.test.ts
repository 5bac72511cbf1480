import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { collect } from '../bytes/collect.ts';
import { readTar } from '../tar/reader.ts';
import type { TarEntry } from '../tar/scanner.ts';
import { chunksOf } from '../testing/chunks.ts';
import { gather, sourceOf } from '../testing/layer-fixtures.ts';
import { layerStacks } from '../testing/tar-arbitraries.ts';
import { type FixtureEntry, LAYER_ENTRIES, tarOf } from '../testing/tar-fixtures.ts';
import { UnpackedFiles } from '../testing/unpacked-files.ts';
import { ImageTree } from './image-tree.ts';
import { planLayer } from './layer-plan.ts';
import { writePlannedLayer } from './write-layer.ts';

/** The entries of a tar with their contents. */
async function entriesOf(tar: Uint8Array): Promise<(TarEntry & FixtureEntry)[]> {
  const found: (TarEntry & FixtureEntry)[] = [];
  for await (const { entry, body } of readTar(sourceOf([tar])))
    found.push({ ...entry, ...(entry.type === 'file' && { content: await collect(body, 1 << 20) }) });
  return found;
}

async function treeOf(layers: readonly Uint8Array[]): Promise<ImageTree> {
  const tree = new ImageTree();
  for (const tar of layers) tree.apply(await entriesOf(tar));
  return tree;
}

/** Merges the layers above the first `kept` ones into one. */
async function merge(layers: readonly Uint8Array[], kept = 0, chunkBytes = 1 << 16): Promise<Uint8Array> {
  const plan = planLayer(await treeOf(layers.slice(0, kept)), await treeOf(layers), kept);
  const open = (layer: number) => sourceOf(chunksOf(layers[layer]!, chunkBytes));
  return gather(writePlannedLayer(plan, open));
}

async function unpacked(layers: readonly Uint8Array[], links: boolean): Promise<Record<string, string>> {
  const files = new UnpackedFiles();
  for (const tar of layers) files.unpack(await entriesOf(tar));
  return files.list({ links });
}

async function names(layers: readonly FixtureEntry[][], kept = 0): Promise<string[]> {
  const entries = await entriesOf(
    await merge(
      layers.map((entries) => tarOf(...entries)),
      kept,
    ),
  );
  return entries.map((entry) => {
    const name = Buffer.from(entry.name).toString('utf8');
    return entry.type === 'hardlink' ? `${name} = ${Buffer.from(entry.link).toString('utf8')}` : name;
  });
}

const file = (name: string, content = name): FixtureEntry => ({ name, type: 'file', content });
const directory = (name: string): FixtureEntry => ({ name: `${name}/`, type: 'directory' });

describe('a merged layer', () => {
  test('unpacks to what the stack unpacks to, whole or above layers that stay', async () => {
    await fc.assert(
      fc.asyncProperty(layerStacks, fc.nat(4), fc.constantFrom(1, 321, 65536), async (stack, keep, size) => {
        const files = new UnpackedFiles();
        const layers = stack.map((layer) => tarOf(...files.unpack(layer)));
        expect(await unpacked([await merge(layers, 0, size)], true)).toEqual(await unpacked(layers, true));
        const kept = keep % layers.length;
        const above = await merge(layers, kept, size);
        expect(await unpacked([...layers.slice(0, kept), above], false)).toEqual(
          files.list({ links: false }),
        );
        expect(await merge([above])).toEqual(await merge([await merge([above])]));
      }),
      { seed: 7, numRuns: 300 },
    );
  });

  test('keeps names of any bytes, times, owners, attributes and devices', async () => {
    const tar = tarOf(
      ...LAYER_ENTRIES.filter(({ name, type }) => type !== 'hardlink' && !String(name).includes('.wh.')),
    );
    const key = ({ dataOffset: _, headerOffset: __, ...entry }: TarEntry & FixtureEntry) => ({
      ...entry,
      name: Buffer.from(entry.name).toString('latin1').replace(/\/$/, ''),
      ...(entry.content && { content: [...Buffer.from(entry.content)] }),
    });
    const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
    const expected = (await entriesOf(tar)).map(key).sort(byName);
    const merged = (await entriesOf(await merge([tar]))).map(key).sort(byName);
    const isGiven = ({ name }: { name: string }) => expected.some((entry) => entry.name === name);
    expect(merged.filter(isGiven)).toEqual(expected);
    // The rest are the directories that had no entry.
    for (const entry of merged.filter((each) => !isGiven(each)))
      expect(entry).toMatchObject({ type: 'directory', mode: 0o755, uid: 0, gid: 0, mtime: 0 });
  });

  test.each([
    {
      name: 'nothing of a file that came and went',
      layers: [[file('keep')], [file('gone')], [file('.wh.gone')]],
      kept: 0,
      expected: ['keep'],
    },
    {
      name: 'a whiteout against a layer that stays, and none against one that does not',
      layers: [[file('old')], [file('new')], [file('.wh.old'), file('.wh.new')]],
      kept: 1,
      expected: ['.wh.old'],
    },
    {
      name: 'one opaque marker for a directory that was made anew',
      layers: [[directory('d'), file('d/a'), file('d/b')], [file('.wh.d')], [directory('d'), file('d/c')]],
      kept: 1,
      expected: ['d/', 'd/.wh..wh..opq', 'd/c'],
    },
    {
      name: 'a whiteout for each of many where one stays',
      layers: [
        [directory('d'), file('d/a'), file('d/b')],
        [file('d/.wh..wh..opq'), file('d/b', 'new')],
      ],
      kept: 1,
      expected: ['d/.wh.a', 'd/b'],
    },
    {
      name: 'the content under the name that is left, when the linked one was replaced',
      layers: [[file('a'), { name: 'b', type: 'hardlink', link: 'a' } as const], [file('a', 'new')]],
      kept: 0,
      expected: ['b', 'a'],
    },
    {
      name: 'the content itself for a link into a layer that stays',
      layers: [[file('a')], [{ name: 'b', type: 'hardlink', link: 'a' } as const]],
      kept: 1,
      expected: ['b'],
    },
    {
      name: 'files under the name they really have',
      layers: [
        [directory('usr/lib'), { name: 'lib', type: 'symlink', link: 'usr/lib' } as const],
        [file('lib/x')],
      ],
      kept: 0,
      expected: ['usr/', 'usr/lib/', 'lib', 'usr/lib/x'],
    },
    {
      name: 'hard links that aufs kept apart',
      layers: [
        [
          file('.wh..wh.plnk/1.2'),
          { name: 'a', type: 'hardlink', link: '.wh..wh.plnk/1.2' } as const,
          { name: 'b', type: 'hardlink', link: '.wh..wh.plnk/1.2' } as const,
        ],
      ],
      kept: 0,
      expected: ['a', 'b = a'],
    },
    { name: 'nothing, of nothing', layers: [[], []], kept: 0, expected: [] },
  ])('has $name', async ({ layers, kept, expected }) => {
    expect(await names(layers as FixtureEntry[][], kept)).toEqual(expected);
  });

  test('says that a layer is shorter than its table of contents', async () => {
    const tar = tarOf(file('a', 'x'.repeat(2000)));
    const tree = await treeOf([tar]);
    const plan = planLayer(new ImageTree(), tree, 0);
    const written = gather(writePlannedLayer(plan, () => sourceOf([tar.subarray(0, 1000)])));
    await expect(written).rejects.toMatchObject({ code: 'TRUNCATED' });
  });
});

describe('ImageTree', () => {
  test.each([
    { name: 'leads out of the root', entries: [file('../x')], fault: 'leads out of the root' },
    {
      name: 'goes round in a circle of symlinks',
      entries: [
        { name: 'a', type: 'symlink', link: 'b' } as const,
        { name: 'b', type: 'symlink', link: 'a' } as const,
        file('a/x'),
      ],
      fault: 'too many symlinks',
    },
    {
      name: 'links to what is not there',
      entries: [{ name: 'a', type: 'hardlink', link: 'b' } as const],
      fault: 'hard link to "b"',
    },
    {
      name: 'links to a directory',
      entries: [directory('d'), { name: 'a', type: 'hardlink', link: 'd' } as const],
      fault: 'hard link to "d"',
    },
    {
      name: 'is deeper than any path',
      entries: [file('d/'.repeat(3000).concat('x'))],
      fault: 'lies too deep',
    },
    {
      name: 'puts a file in the place of the root',
      entries: [file('./.')],
      fault: 'in the place of the root',
    },
  ])('refuses an entry that $name', async ({ entries, fault }) => {
    await expect(treeOf([tarOf(...(entries as FixtureEntry[]))])).rejects.toMatchObject({
      code: 'INVALID_TAR',
      message: expect.stringContaining(fault),
    });
  });

  test('keeps absolute symlinks inside', async () => {
    const layers = [
      [{ name: 'etc', type: 'symlink', link: '/../../real' } as const, file('etc/../etc/conf')],
    ];
    expect(await names(layers)).toEqual(['real/', 'etc', 'real/conf']);
  });
});
