import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { collect } from '../../bytes/collect.ts';
import { bytesOf } from '../../bytes/from.ts';
import { type FixtureEntry, tarOf } from '../../testing/tar-fixtures.ts';
import type { SourceNode, SourceTree } from '../source-tree.ts';
import { openArchiveContext } from './archive-context.ts';
import { lookUpFile } from './archive-tree.ts';
import { detectContextInput } from './detect-input.ts';
import { parseIgnoreRules } from './ignore-rules.ts';

const LARGE = 600_000;
let scratchDirectory: string;

beforeEach(() => {
  scratchDirectory = mkdtempSync(join(tmpdir(), 'wherry-archive-context-'));
});

afterEach(() => {
  rmSync(scratchDirectory, { recursive: true, force: true });
});

const file = (
  name: string,
  content: string | Uint8Array = name,
  rest: Partial<FixtureEntry> = {},
): FixtureEntry => ({
  name: Buffer.from(name, 'latin1'),
  type: 'file',
  content,
  mode: 0o644,
  ...rest,
});
const bytes = (text: string) => Buffer.from(text, 'latin1');
const openTar = (...entries: FixtureEntry[]) =>
  openArchiveContext(bytesOf(tarOf(...entries)), { scratchDirectory });
const at = (tree: SourceTree, path: string) => lookUpFile(tree.root, path)!;

function pathsOf(node: SourceNode, path = ''): string[] {
  return [...(node.children ?? [])].flatMap(([name, child]) => [
    `${path}${name}`,
    ...pathsOf(child, `${path}${name}/`),
  ]);
}

async function readAll(tree: SourceTree, ...paths: string[]): Promise<string[]> {
  const contents: string[] = [];
  for await (const { body } of tree.read(paths.map((path) => at(tree, path)))) {
    const content = await collect(body instanceof Uint8Array ? bytesOf(body) : body, LARGE * 2);
    contents.push(Buffer.from(content).toString('latin1'));
  }
  return contents;
}

describe('an archive', () => {
  const packed = [
    { name: 'plain', pack: (tar: Uint8Array) => tar },
    { name: 'gzip', pack: (tar: Uint8Array) => gzipSync(tar) },
    { name: 'zstd', pack: (tar: Uint8Array) => zstdCompressSync(tar) },
  ];
  test.each(packed)('that is $name is a tree', async ({ pack }) => {
    const whole = pack(
      tarOf(file('Dockerfile', 'FROM scratch\n', { mode: 0o4755, uid: 7, mtime: 9 }), file('a/b')),
    );
    for (const size of [whole.length, 1, 321]) {
      const chunks = Array.from({ length: Math.ceil(whole.length / size) }, (_, i) =>
        whole.subarray(i * size, (i + 1) * size),
      );
      await using tree = await openArchiveContext(bytesOf(...chunks), { scratchDirectory });
      expect(pathsOf(tree.root).sort()).toEqual(['Dockerfile', 'a', 'a/b']);
      expect(at(tree, 'Dockerfile')).toMatchObject({ mode: 0o4755, uid: 0, gid: 0, mtime: 9, size: 13 });
      expect(await readAll(tree, 'Dockerfile', 'a/b')).toEqual(['FROM scratch\n', 'a/b']);
    }
    expect(readdirSync(scratchDirectory)).toEqual([]);
  });

  test('is read in its own order, with digests', async () => {
    const large = Buffer.alloc(LARGE, 'wherry');
    await using tree = await openTar(file('z'), file('big', large), file('empty', ''), file('a'));
    expect(await readAll(tree, 'a', 'big', 'empty', 'z', 'a')).toEqual(['z', large.toString(), '', 'a']);
    const digests = ['z', large, '', 'a'].map(
      (content) => `sha256:${createHash('sha256').update(content).digest('hex')}`,
    );
    expect(['z', 'big', 'empty', 'a'].map((path) => tree.knownDigest(at(tree, path)))).toEqual(digests);
  });

  test('has the last entry of a name, one node for hard links, and whiteouts that are only files', async () => {
    await using tree = await openTar(
      file('x', 'old'),
      { name: bytes('./link'), type: 'hardlink', link: bytes('x'), mode: 0o644 },
      file('./x', 'new'),
      file('d/.wh.y', 'kept'),
      { name: bytes('s'), type: 'symlink', link: bytes('/d'), mode: 0o777 },
      file('s/through'),
    );
    expect(await readAll(tree, 'link', 'x', 'd/.wh.y', 'd/through')).toEqual([
      'old',
      'new',
      'kept',
      's/through',
    ]);
  });

  test.each([
    { name: 'a name that leaves the root', entries: [file('a/../../x')], fault: 'leads out of the root' },
    {
      name: 'a link to what is not there',
      entries: [{ name: bytes('l'), type: 'hardlink', link: bytes('/etc/passwd'), mode: 0o644 } as const],
      fault: 'which is no file',
    },
    { name: 'a very long name', entries: [file(`${'d/'.repeat(3000)}x`)], fault: 'too long' },
  ])('with $name is refused, and leaves nothing behind', async ({ entries, fault }) => {
    await expect(openTar(...entries)).rejects.toMatchObject({
      code: 'INVALID_TAR',
      message: expect.stringContaining(fault),
    });
    expect(readdirSync(scratchDirectory)).toEqual([]);
  });

  test('that ends early is refused at every block', async () => {
    const whole = tarOf(file('a', 'x'.repeat(700)), file('b', 'y'));
    for (let end = 512; end < whole.length - 1536; end += 512) {
      const cut = openArchiveContext(bytesOf(whole.subarray(0, end)), { scratchDirectory });
      // Between two entries an archive may end.
      if (end === 512 * 3) await (await cut)[Symbol.asyncDispose]();
      else await expect(cut).rejects.toMatchObject({ code: 'TRUNCATED' });
    }
  });

  test('is cancelled', async () => {
    const opening = openArchiveContext(bytesOf(tarOf(file('a'))), {
      scratchDirectory,
      signal: AbortSignal.abort(),
    });
    await expect(opening).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(readdirSync(scratchDirectory)).toEqual([]);
  });

  test('is without what its own rules leave out', async () => {
    const entries = ['.dockerignore', 'docs/keep', 'docs/x', 'lib/a', 'src/a'].map((path) => file(path));
    await using tree = await openTar(...entries);
    const { matcher } = parseIgnoreRules('.dockerignore', bytes('*\n!docs/keep\n!src\n'));
    await using left = tree.without(matcher);
    expect(pathsOf(left.root)).toEqual(['docs', 'docs/keep', 'src', 'src/a']);
    expect(at(left, 'src/a')).toBe(at(tree, 'src/a'));
    expect(await readAll(left, 'src/a')).toEqual(['src/a']);
    expect(tree.knownDigest(at(tree, 'src/a'))).toBeDefined();
  });

  test('lies in a file of its owner alone', async () => {
    await using _tree = await openTar(file('a'));
    const [name] = readdirSync(scratchDirectory);
    expect(statSync(join(scratchDirectory, name!)).mode & 0o777).toBe(
      process.platform === 'win32' ? 0o666 : 0o600,
    );
  });
});

test('a look-up follows links inside of the root, and no circle', async () => {
  const link = (name: string, to: string): FixtureEntry => ({
    name: bytes(name),
    type: 'symlink',
    link: bytes(to),
    mode: 0o777,
  });
  await using tree = await openTar(
    file('d/f'),
    link('up', '../../d/f'),
    link('loop', 'loop'),
    link('abs', '/d'),
  );
  expect(at(tree, 'up')).toBe(at(tree, 'd/f'));
  expect(at(tree, 'abs/f')).toBe(at(tree, 'd/f'));
  expect(lookUpFile(tree.root, 'loop')).toBeUndefined();
  expect(lookUpFile(tree.root, 'd/none')).toBeUndefined();
});

describe('what comes from a stream', () => {
  test.each([
    { name: 'a Dockerfile', bytes: bytes('FROM scratch\n'), kind: 'dockerfile' },
    { name: 'a long Dockerfile', bytes: bytes('FROM scratch\n# much\n'.repeat(100)), kind: 'dockerfile' },
    { name: 'nothing', bytes: bytes(''), kind: 'dockerfile' },
    { name: 'a tar', bytes: tarOf(file('a')), kind: 'archive' },
    { name: 'a tar without entries', bytes: tarOf(), kind: 'archive' },
    { name: 'a packed tar', bytes: gzipSync(tarOf(file('a'))), kind: 'archive' },
  ])('is $kind for $name, with no byte lost', async ({ bytes: whole, kind }) => {
    for (const size of [whole.length, 1, 321]) {
      const chunks = Array.from({ length: Math.ceil(whole.length / size) || 0 }, (_, i) =>
        whole.subarray(i * size, (i + 1) * size),
      );
      const input = await detectContextInput(bytesOf(...chunks));
      expect(input.kind).toBe(kind);
      expect(Buffer.from(await collect(input.source, LARGE)).equals(Buffer.from(whole))).toBe(true);
    }
  });
});
