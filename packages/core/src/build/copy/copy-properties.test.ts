import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isWherryError } from '../../errors.ts';
import { type CopyCase, layerOf, planCase } from '../../testing/copy-fixtures.ts';
import { gather } from '../../testing/layer-fixtures.ts';
import { type SourceFixtures, sourceOfFiles } from '../../testing/source-fixtures.ts';
import { layerStacks } from '../../testing/tar-arbitraries.ts';
import { type FixtureEntry, tarOf } from '../../testing/tar-fixtures.ts';
import { UnpackedFiles } from '../../testing/unpacked-files.ts';
import type { SourceNode, SourceTree } from '../source-tree.ts';

const path = fc
  .array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 3 })
  .map((elements) => elements.join('/'));

const sourceFile = fc.oneof(
  fc.string({ maxLength: 8 }).map((content) => ({ content, mode: 0o4755, mtime: 3 })),
  path.map((link) => ({ link })),
  fc.constant({ type: 'fifo' as const, mode: 0o600 }),
);

const sources: fc.Arbitrary<SourceFixtures> = fc
  .array(fc.tuple(path, sourceFile), { maxLength: 8 })
  .map((files) => Object.fromEntries(files));

/** What a COPY of a whole tree does, a file after the other. */
function naiveEntries(tree: SourceTree, contents: ReadonlyMap<SourceNode, Uint8Array>, to: string) {
  const entries: FixtureEntry[] = [{ name: `${to}/.`, type: 'directory' }];
  const visit = (node: SourceNode, prefix: string) => {
    for (const [name, child] of [...(node.children ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const { type, mode, link } = child;
      const content = contents.get(child);
      entries.push({ type, mode, link, name: `${prefix}/${name}`, ...(content && { content }) });
      visit(child, `${prefix}/${name}`);
    }
  };
  visit(tree.root, to);
  return entries.slice(1);
}

async function contentsOf(tree: SourceTree): Promise<Map<SourceNode, Uint8Array>> {
  const files: SourceNode[] = [];
  const visit = (node: SourceNode) => {
    if (node.type === 'file') files.push(node);
    for (const child of node.children?.values() ?? []) visit(child);
  };
  visit(tree.root);
  const contents = new Map<SourceNode, Uint8Array>();
  for await (const { node, body } of tree.read(files)) contents.set(node, body as Uint8Array);
  return contents;
}

test('a layer on its stage gives what a plain copy into it gives', async () => {
  let copied = 0;
  await fc.assert(
    fc.asyncProperty(layerStacks, sources, path, async (stack, files, to) => {
      const sound = new UnpackedFiles();
      const lower = stack.map((layer) => sound.unpack(layer));
      const tree = sourceOfFiles(files);
      const given: CopyCase = { files: tree, copy: '.', to: `/${to}/`, lower, epoch: 0 };
      let layer: FixtureEntry[];
      try {
        layer = await layerOf(given);
      } catch (error) {
        // A file in a directory's place, or the other way round, or a circle.
        if (isWherryError(error, 'CONFLICT', 'INVALID_ARGUMENT')) return;
        throw error;
      }
      copied++;
      const wanted = new UnpackedFiles();
      const found = new UnpackedFiles();
      for (const entries of lower) {
        wanted.unpack(entries);
        found.unpack(entries);
      }
      wanted.unpack([{ name: `${to}/.made`, type: 'file' }]);
      wanted.unpack([{ name: `${to}/.wh..made`, type: 'file' }]);
      wanted.unpack(naiveEntries(tree, await contentsOf(tree), to));
      found.unpack(layer);
      expect(found.list({ links: false })).toEqual(wanted.list({ links: false }));
      expect(new Set(layer.map(({ name }) => String(name))).size).toBe(layer.length);
    }),
    { seed: 11, numRuns: 400 },
  );
  expect(copied).toBeGreaterThan(150);
});

test('an unpacked archive gives what unpacking it gives', async () => {
  let added = 0;
  await fc.assert(
    fc.asyncProperty(layerStacks, layerStacks, async (stack, [archive = []]) => {
      const sound = new UnpackedFiles();
      const lower = stack.map((layer) => sound.unpack(layer));
      // Directories on the way to a whiteout are the archive's here, the stage's for a plain unpacker.
      const entries = archive.filter(
        ({ name, type }) => type !== 'hardlink' && !String(name).endsWith('opq'),
      );
      // Docker takes an archive without entries for a file like any other.
      if (entries.length === 0) return;
      const files = { a: { content: tarOf(...entries) } };
      let layer: FixtureEntry[];
      try {
        layer = await layerOf({ verb: 'ADD', files, copy: 'a', to: '/', lower, epoch: 0 });
      } catch (error) {
        if (isWherryError(error, 'INVALID_TAR')) return;
        throw error;
      }
      added++;
      const found = new UnpackedFiles();
      for (const each of lower) found.unpack(each);
      found.unpack(layer);
      sound.unpack(entries);
      expect(found.list({ links: false })).toEqual(sound.list({ links: false }));
    }),
    { seed: 12, numRuns: 400 },
  );
  expect(added).toBeGreaterThan(150);
});

test('the same files give the same bytes, in whatever order they are found', async () => {
  await fc.assert(
    fc.asyncProperty(sources, async (files) => {
      const kept = Object.entries(files).filter(([name]) => !name.includes('/'));
      const bytesOf = async (entries: typeof kept) =>
        gather(
          (await planCase({ files: Object.fromEntries(entries), copy: '.', to: '/t/', chown: '3' })).write(),
        );
      expect(await bytesOf(kept)).toEqual(await bytesOf(kept.toReversed()));
    }),
    { seed: 13, numRuns: 50 },
  );
});
