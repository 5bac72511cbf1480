import { chmodSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { NodeHasher } from '../../bytes/node-hasher.ts';
import { isWherryError } from '../../errors.ts';
import { LayerPass } from '../../layer/layer-pass.ts';
import { type EarlierTar, reviseLayer } from '../../layer/revise-layer.ts';
import { TocIndex } from '../../layer/toc-index.ts';
import { TsTarScanner } from '../../tar/ts-tar-scanner.ts';
import { type CopyCase, planCase } from '../../testing/copy-fixtures.ts';
import { gather, noise } from '../../testing/layer-fixtures.ts';
import { sourceOfFiles } from '../../testing/source-fixtures.ts';
import { openDirectoryContext } from '../context/directory-context.ts';
import type { StepFile, StepFiles } from '../step-inputs.ts';

/** What is at a path of a context. */
type Thing =
  | { content: Buffer; mode?: number }
  | { link: string }
  | { sameAs: string }
  | { directory: number };
type Things = Readonly<Record<string, Thing>>;

interface Layer {
  readonly tar: Buffer;
  readonly toc: Buffer;
  readonly files: StepFile[];
}

let scratch: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'wherry-revision-'));
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

function directoryOf(things: Things): string {
  const directory = mkdtempSync(join(scratch, 'context-'));
  for (const [name, thing] of Object.entries(things)) {
    const path = join(directory, name);
    mkdirSync('directory' in thing ? path : dirname(path), { recursive: true });
    if ('directory' in thing) chmodSync(path, thing.directory);
    else if ('link' in thing) symlinkSync(thing.link, path);
    else if ('sameAs' in thing) linkSync(join(directory, thing.sameAs), path);
    else writeFileSync(path, thing.content, { mode: thing.mode ?? 0o644 });
  }
  return directory;
}

type Copy = Omit<CopyCase, 'files' | 'copy' | 'to'> & { readonly copy?: string; readonly to?: string };

/** Plans the COPY of a directory, all contents known. */
async function planOf(directory: string, copy: Copy = {}) {
  const tree = await openDirectoryContext(directory);
  const plan = await planCase({ copy: '.', to: '/app/', ...copy, files: tree });
  return { plan, files: await plan.writtenFiles() };
}

async function coldLayer(directory: string, copy?: Copy): Promise<Layer> {
  const { plan, files } = await planOf(directory, copy);
  const tar = await gather(plan.write());
  const toc: Uint8Array[] = [];
  const pass = new LayerPass({
    createHasher: () => new NodeHasher(),
    createScanner: () => new TsTarScanner(),
    createDecoder: () => undefined,
    toc: (chunk) => toc.push(chunk),
  });
  pass.write(tar);
  pass.finish();
  return { tar, toc: Buffer.concat(toc), files: [...files.list()] };
}

function earlierTar({ tar, toc }: Omit<Layer, 'files'>): EarlierTar {
  return {
    toc: new TocIndex(toc),
    readInto: (buffer, at) => tar.copy(buffer, 0, at, at + buffer.length),
  };
}

async function revisedLayer(
  { files: before, ...layer }: Layer,
  directory: string,
  copy?: Copy,
  meanwhile = () => {},
): Promise<Omit<Layer, 'files'> | undefined> {
  const { plan, files } = await planOf(directory, copy);
  meanwhile();
  const earlier = earlierTar(layer);
  const edits = await plan.revise(earlier.toc, before, files as StepFiles);
  if (edits === undefined) return undefined;
  const [tar, toc]: [Uint8Array[], Uint8Array[]] = [[], []];
  const facts = await reviseLayer(earlier, edits, {
    // As the store's writer: the memory is the revision's own.
    write: async (chunk) => {
      tar.push(chunk.slice());
    },
    toc: (chunk) => toc.push(chunk),
    createHasher: () => new NodeHasher(),
  });
  return facts && { tar: Buffer.concat(tar), toc: Buffer.concat(toc) };
}

const NAMES = ['a', 'a-b', 'a.b', 'é', `long-${'n'.repeat(120)}`];
const path = fc
  .tuple(fc.array(fc.constantFrom('d', 'd-e', 'd.e', 'x'), { maxLength: 2 }), fc.constantFrom(...NAMES))
  .map(([directories, name]) => [...directories, name].join('/'));
const content = fc
  .tuple(fc.constantFrom(0, 1, 511, 512, 513, 5000, 200_000), fc.integer({ min: 1, max: 3 }))
  .map(([length, seed]) => noise(length, seed));
const file = fc.record({ content, mode: fc.constantFrom(0o644, 0o755) });
const thing: fc.Arbitrary<Thing> = fc.oneof(
  { weight: 9, arbitrary: file },
  { weight: 1, arbitrary: fc.constantFrom('a', 'b').map((link) => ({ link })) },
);
const things: fc.Arbitrary<Things> = fc.dictionary(path, thing, { maxKeys: 12 });
/** What changes from one build to the next; `null` goes. */
const edits = fc.dictionary(path, fc.option(thing, { freq: 3 }), { minKeys: 1, maxKeys: 4 });
const copies: fc.Arbitrary<Copy> = fc.constantFrom<Copy>(
  {},
  { to: '/' },
  { chown: '7:8', chmod: '640' },
  { to: '/link/', lower: [[{ name: 'link', type: 'symlink', link: 'real' }]] },
  { lower: [[{ name: 'app/a/', type: 'directory' }], [{ name: 'app/d/old', type: 'file', content: 'x' }]] },
  { exclude: ['**/a.b'] },
  { copy: 'd', keepsParents: true },
);

function after(before: Things, changes: Readonly<Record<string, Thing | null>>): Things {
  const found = { ...before };
  for (const [name, changed] of Object.entries(changes))
    if (changed) found[name] = changed;
    else delete found[name];
  return found;
}

test('a layer has the same bytes and table of contents, whether it is made of an earlier one or not', async () => {
  let revised = 0;
  await fc.assert(
    fc.asyncProperty(
      things,
      fc.array(edits, { minLength: 1, maxLength: 3 }),
      copies,
      async (first, steps, copy) => {
        let now = first;
        let earlier: Layer | undefined;
        for (const step of [{}, ...steps]) {
          now = after(now, step);
          const directory = directoryOf(now);
          let cold: Layer;
          try {
            cold = await coldLayer(directory, copy);
          } catch (error) {
            // A file where the stage has a directory, or nothing to copy.
            if (!isWherryError(error, 'CONFLICT', 'FILE_NOT_FOUND')) throw error;
            if (earlier && isWherryError(error, 'CONFLICT'))
              expect(await revisedLayer(earlier, directory, copy)).toBeUndefined();
            continue;
          }
          const warm = earlier && (await revisedLayer(earlier, directory, copy));
          if (warm) {
            revised++;
            expect(warm.tar.equals(cold.tar)).toBe(true);
            expect(warm.toc.equals(cold.toc)).toBe(true);
          }
          earlier = cold;
        }
      },
    ),
    { numRuns: 50, seed: 3 },
  );
  expect(revised).toBeGreaterThan(30);
});

const BEFORE: Things = {
  a: { content: noise(3000) },
  'd/b': { content: noise(10, 2) },
  e: { content: noise(9) },
};

test.each<{ name: string; things: Things; isRevised: boolean; copy?: Copy }>([
  { name: 'a file that changed', things: { ...BEFORE, a: { content: noise(9000, 4) } }, isRevised: true },
  { name: 'a new file', things: { ...BEFORE, 'd/0': { content: noise(1) } }, isRevised: true },
  {
    name: 'a file less',
    things: { a: { content: noise(3000) }, 'd/b': { content: noise(10, 2) } },
    isRevised: true,
  },
  { name: 'another mode', things: { ...BEFORE, a: { content: noise(3000), mode: 0o600 } }, isRevised: true },
  { name: 'a new directory', things: { ...BEFORE, 'f/a': { content: noise(1) } }, isRevised: false },
  { name: 'a directory of another mode', things: { ...BEFORE, d: { directory: 0o700 } }, isRevised: false },
  { name: 'a link in the place of a file', things: { ...BEFORE, e: { link: 'a' } }, isRevised: false },
  { name: 'a file of two names', things: { ...BEFORE, e: { sameAs: 'a' } }, isRevised: false },
  { name: 'no file', things: { d: { directory: 0o755 } }, isRevised: false },
])('$name: the layer is made of the earlier one, or anew', async ({ things: now, isRevised }) => {
  const earlier = await coldLayer(directoryOf(BEFORE));
  const directory = directoryOf(now);
  const revised = await revisedLayer(earlier, directory);
  expect(revised !== undefined).toBe(isRevised);
  const cold = await coldLayer(directory);
  if (revised) expect(revised.tar.equals(cold.tar)).toBe(true);
});

test('files that are as they were are not opened', async () => {
  const earlier = await coldLayer(directoryOf(BEFORE));
  const directory = directoryOf({ ...BEFORE, a: { content: noise(9, 7) } });
  const cold = await coldLayer(directory);
  const meanwhile = () => rmSync(join(directory, 'd'), { recursive: true });
  expect((await revisedLayer(earlier, directory, {}, meanwhile))?.tar.equals(cold.tar)).toBe(true);
});

test('a file that changes once its digest is known is refused', async () => {
  const earlier = await coldLayer(directoryOf(BEFORE));
  const directory = directoryOf({ ...BEFORE, a: { content: noise(9, 7) } });
  const meanwhile = () => writeFileSync(join(directory, 'a'), noise(10, 8));
  await expect(revisedLayer(earlier, directory, {}, meanwhile)).rejects.toThrow('a changed while');
});

test.each([
  { name: 'rotten', spoil: (tar: Buffer) => tar.fill(7, tar.length - 2000, tar.length - 1900) },
  { name: 'cut off', spoil: (tar: Buffer) => tar.subarray(0, tar.length - 600) },
  { name: 'cut off in the middle', spoil: (tar: Buffer) => tar.subarray(0, 700) },
])('nothing is made of a layer that is $name', async ({ spoil }) => {
  const { tar, ...earlier } = await coldLayer(directoryOf(BEFORE));
  const directory = directoryOf({ ...BEFORE, a: { content: noise(3000, 4) } });
  const sound = await revisedLayer({ ...earlier, tar }, directory);
  expect(sound).toBeDefined();
  expect(await revisedLayer({ ...earlier, tar: spoil(Buffer.from(tar)) }, directory)).toBeUndefined();
});

test('nothing is made of a tree that reads in an order of its own', async () => {
  const files = (content: string) => sourceOfFiles({ a: { content }, b: { content: 'same' } });
  const before = await planCase({ files: files('x'), copy: '.', to: '/' });
  const now = await planCase({ files: files('y'), copy: '.', to: '/' });
  const was = [...(await before.writtenFiles()).list()];
  const { toc } = await coldLayer(directoryOf({ a: { content: noise(1, 1) }, b: { content: noise(4, 1) } }));
  expect(await now.revise(new TocIndex(toc), was, await now.writtenFiles())).toBeUndefined();
});
