import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TsTarScanner } from '../../tar/ts-tar-scanner.ts';
import { planCase } from '../../testing/copy-fixtures.ts';
import { gather, noise } from '../../testing/layer-fixtures.ts';
import { scanTar } from '../../testing/scan-tar.ts';
import { openDirectoryContext } from '../context/directory-context.ts';
import type { SourceNode } from '../source-tree.ts';
import { EarlierContents, type PlainTar } from './earlier-contents.ts';

type Files = Readonly<Record<string, Uint8Array>>;

let scratch: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'wherry-earlier-'));
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

function directoryOf(files: Files): string {
  const directory = mkdtempSync(join(scratch, 'context-'));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content, { mode: 0o644 });
  }
  return directory;
}

/** The layer of a COPY; with an earlier one all is known before, and `meanwhile` happens after that. */
async function layerOf(directory: string, earlier?: PlainTar, meanwhile = () => {}): Promise<Buffer> {
  await using tree = await openDirectoryContext(directory);
  if (earlier)
    for await (const { body } of tree.read(filesOf(tree.root))) if (!('length' in body)) await gather(body);
  meanwhile();
  const plan = await planCase({ files: tree, copy: '.', to: '/app' });
  return await gather(plan.write(undefined, earlier && new EarlierContents(earlier)));
}

function* filesOf(node: SourceNode): Generator<SourceNode> {
  if (node.type === 'file') yield node;
  for (const child of node.children?.values() ?? []) yield* filesOf(child);
}

function plainTar(bytes: Uint8Array): PlainTar {
  return {
    entries: scanTar(new TsTarScanner(), [bytes]).entries,
    read: (offset, size) => Buffer.from(bytes.subarray(offset, offset + size)),
    [Symbol.dispose]: () => {},
  };
}

const path = fc
  .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 2 })
  .map((names) => [...names.map((name) => `${name}.d`), 'file'].join('/'));
const content = fc
  .tuple(fc.constantFrom(0, 1, 511, 512, 5000, 70_000), fc.integer({ min: 1, max: 3 }))
  .map(([length, seed]) => noise(length, seed));
const trees: fc.Arbitrary<Files> = fc
  .array(fc.tuple(path, content), { minLength: 1, maxLength: 12 })
  .map((files) => Object.fromEntries(files));

test('a layer has the same bytes, whatever an earlier one has of its files', async () => {
  await fc.assert(
    fc.asyncProperty(trees, trees, async (before, changes) => {
      const earlier = plainTar(await layerOf(directoryOf(before)));
      const changed = directoryOf({ ...before, ...changes });
      expect((await layerOf(changed, earlier)).equals(await layerOf(changed))).toBe(true);
    }),
    { numRuns: 30, seed: 1 },
  );
});

test('files whose content an earlier layer has are not opened', async () => {
  const directory = directoryOf({ 'x/a': noise(3000), 'x/b': noise(100, 2), c: noise(0) });
  const cold = await layerOf(directory);
  const warm = await layerOf(directory, plainTar(cold), () =>
    rmSync(join(directory, 'x'), { recursive: true }),
  );
  expect(warm.equals(cold)).toBe(true);
});

test.each([
  { name: 'rotten', spoil: (bytes: Buffer) => bytes.fill(7, 512) },
  { name: 'cut off', spoil: (bytes: Buffer) => bytes.subarray(0, 1600) },
])('what is $name in an earlier layer is read from the file', async ({ spoil }) => {
  const directory = directoryOf({ a: noise(3000), b: noise(3000, 2) });
  const cold = await layerOf(directory);
  const sound = plainTar(cold);
  const spoilt = plainTar(spoil(Buffer.from(cold)));
  expect((await layerOf(directory, { ...spoilt, entries: sound.entries })).equals(cold)).toBe(true);
});
