import fc from 'fast-check';
import { expect, test } from 'vitest';
import { collect } from '../bytes/collect.ts';
import { readTar } from '../tar/reader.ts';
import type { TarEntry } from '../tar/scanner.ts';
import { writeTar } from '../tar/writer.ts';
import { gather, sourceOf } from '../testing/layer-fixtures.ts';
import { layerStacks } from '../testing/tar-arbitraries.ts';
import { type FixtureEntry, tarOf } from '../testing/tar-fixtures.ts';
import { UnpackedFiles } from '../testing/unpacked-files.ts';
import { ImageTree } from './image-tree.ts';
import { treeItems } from './tree-files.ts';

async function entriesOf(tar: Uint8Array): Promise<(TarEntry & FixtureEntry)[]> {
  const found: (TarEntry & FixtureEntry)[] = [];
  for await (const { entry, body } of readTar(sourceOf([tar])))
    found.push({ ...entry, ...(entry.type === 'file' && { content: await collect(body, 1 << 20) }) });
  return found;
}

async function merged(layers: readonly Uint8Array[]): Promise<Uint8Array> {
  const tree = new ImageTree();
  for (const tar of layers) tree.apply(await entriesOf(tar));
  const items = treeItems(tree, ({ layer, entry: { dataOffset, size } }) =>
    sourceOf([layers[layer]!.subarray(dataOffset, dataOffset + size)]),
  );
  return gather(writeTar(items));
}

test('the files of a tree unpack to what its layers do, whatever those are', async () => {
  await fc.assert(
    fc.asyncProperty(layerStacks, async (stack) => {
      const files = new UnpackedFiles();
      const layers = stack.map((layer) => tarOf(...files.unpack(layer)));
      const tar = await merged(layers);
      const whole = new UnpackedFiles();
      whole.unpack(await entriesOf(tar));
      expect(whole.list({ links: true })).toEqual(files.list({ links: true }));
      expect(await merged([tar])).toEqual(tar);
    }),
    { seed: 11, numRuns: 150 },
  );
});

test('each directory stands before what is in it, and nothing else between', async () => {
  const file = (name: string): FixtureEntry => ({ name, type: 'file', content: name });
  const tar = await merged([
    tarOf(file('b/z'), file('a-b'), file('a/x')),
    tarOf(file('b/a'), { name: 'twin', type: 'hardlink', link: 'a-b' } as const, file('a/y/z')),
  ]);
  const names = (await entriesOf(tar)).map(({ name, link }) =>
    [name, link].map((each) => Buffer.from(each as Uint8Array).toString()).join(' '),
  );
  expect(names).toEqual([...['a/ ', 'a/x ', 'a/y/ ', 'a/y/z ', 'a-b ', 'b/ ', 'b/a ', 'b/z ', 'twin a-b']]);
});
