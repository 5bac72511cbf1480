import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IgnoreMatcher, parseIgnoreFile } from '@wherry/dockerfile';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { collect } from '../../bytes/collect.ts';
import { bytesOf } from '../../bytes/from.ts';
import { runProgram } from '../../rootfs/run-program.ts';
import type { SourceNode, SourceTree } from '../source-tree.ts';
import { openDirectoryContext } from './directory-context.ts';

const LARGE = 600_000;
const LONG_AGO = new Date('2020-01-02T03:04:05Z');
const isPosix = process.platform !== 'win32';

let scratch: string;
let root: string;
let cacheDirectory: string;

beforeEach(() => {
  scratch = realpathSync(mkdtempSync(join(tmpdir(), 'wherry-context-')));
  root = join(scratch, 'context');
  cacheDirectory = join(scratch, 'cache', 'contexts');
  mkdirSync(root);
});

afterEach(() => {
  rmSync(scratch, { recursive: true, force: true });
});

function put(path: string, content: string | Uint8Array = path): string {
  const full = join(root, path);
  mkdirSync(join(full, '..'), { recursive: true });
  writeFileSync(full, content);
  return full;
}

function nodesOf(node: SourceNode, path = ''): Map<string, SourceNode> {
  const found = new Map<string, SourceNode>();
  for (const [name, child] of node.children ?? []) {
    found.set(`${path}${name}`, child);
    for (const [below, each] of nodesOf(child, `${path}${name}/`)) found.set(below, each);
  }
  return found;
}

const pathsOf = (tree: SourceTree) => [...nodesOf(tree.root).keys()].sort();
const filesOf = (tree: SourceTree) => [...nodesOf(tree.root).values()].filter(({ type }) => type === 'file');
const at = (tree: SourceTree, path: string) => nodesOf(tree.root).get(path)!;
const sha256 = (content: string | Uint8Array) =>
  `sha256:${createHash('sha256').update(content).digest('hex')}`;
const ignoring = (text: string) => ({
  ignore: new IgnoreMatcher(parseIgnoreFile(new TextEncoder().encode(text))),
});

async function readAll(tree: SourceTree, files = filesOf(tree)): Promise<string[]> {
  const contents: string[] = [];
  for await (const { body } of tree.read(files)) {
    const bytes = await collect(body instanceof Uint8Array ? bytesOf(body) : body, LARGE * 2);
    contents.push(Buffer.from(bytes).toString('latin1'));
  }
  return contents;
}

describe('the tree of a directory', () => {
  test('has everything in it, nothing of it followed', async () => {
    put('a/b/file', 'content');
    symlinkSync('b', join(root, 'a/link'));
    symlinkSync('loop', join(root, 'loop'));
    symlinkSync('/nowhere/at all', join(root, 'a/broken'));
    await using tree = await openDirectoryContext(root);
    expect(pathsOf(tree)).toEqual(['a', 'a/b', 'a/b/file', 'a/broken', 'a/link', 'loop']);
    expect(at(tree, 'loop')).toMatchObject({ type: 'symlink', size: 0 });
    expect(at(tree, 'a/broken').link).toEqual(Uint8Array.from(Buffer.from('/nowhere/at all')));
    expect(at(tree, 'a/b/file')).toMatchObject({ type: 'file', size: 7, uid: 0, gid: 0 });
  });

  test.runIf(isPosix)('has modes and times as on disk, and root for an owner', async () => {
    const path = put('tool');
    chmodSync(path, 0o4751);
    utimesSync(path, LONG_AGO, LONG_AGO);
    utimesSync(put('old'), new Date(-1500), new Date(-1500));
    chmodSync(root, 0o700);
    await using tree = await openDirectoryContext(root);
    expect(tree.root).toMatchObject({ type: 'directory', mode: 0o700 });
    expect(at(tree, 'tool')).toMatchObject({ mode: 0o4751, uid: 0, mtime: 1577934245 });
    expect(at(tree, 'old')).toMatchObject({ mtime: -2 });
  });

  test('has one node for hard links', async () => {
    linkSync(put('z/file', 'content'), join(root, 'a'));
    await using tree = await openDirectoryContext(root);
    expect(at(tree, 'a')).toBe(at(tree, 'z/file'));
    expect(await readAll(tree, [at(tree, 'a'), at(tree, 'z/file')])).toEqual(['content']);
  });

  test.runIf(process.platform === 'linux')('has names that are no UTF-8', async () => {
    const name = Buffer.from([0x66, 0xff, 0xe4]);
    mkdirSync(Buffer.concat([Buffer.from(`${root}/`), name]));
    writeFileSync(Buffer.concat([Buffer.from(`${root}/`), name, Buffer.from('/ü')]), 'content');
    await using tree = await openDirectoryContext(root);
    expect(pathsOf(tree)).toEqual(['f\xff\xe4', 'f\xff\xe4/\xc3\xbc']);
    expect(await readAll(tree)).toEqual(['content']);
  });

  test.runIf(isPosix)('has pipes, and no sockets', async () => {
    await runProgram('mkfifo', [join(root, 'pipe')]);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(join(root, 'socket'), resolve));
    const warnings: string[] = [];
    await using tree = await openDirectoryContext(root, { onWarning: (message) => warnings.push(message) });
    server.close();
    expect(pathsOf(tree)).toEqual(['pipe']);
    expect(at(tree, 'pipe').type).toBe('fifo');
    expect(warnings).toEqual([`${root}/socket: a socket is not sent to the builder`]);
  });

  test.runIf(process.getuid?.() === 0)('has devices with their numbers (needs root)', async () => {
    if ((await runProgram('mknod', [join(root, 'device'), 'b', '300', '70000'])).status !== 0) return;
    await using tree = await openDirectoryContext(root);
    expect(at(tree, 'device')).toMatchObject({ type: 'block', devMajor: 300, devMinor: 70000 });
  });

  test('is as deep as a path may be', async () => {
    const path = Array.from({ length: 200 }, (_, i) => `d${i}`).join('/');
    put(`${path}/file`, 'deep');
    await using tree = await openDirectoryContext(root);
    let node: SourceNode = tree.root;
    for (let i = 0; i < 200; i++) node = node.children!.get(`d${i}`)!;
    expect(await readAll(tree, [node.children!.get('file')!])).toEqual(['deep']);
  });

  test('ends when it is cancelled', async () => {
    await expect(openDirectoryContext(root, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
  });

  test.runIf(process.getuid?.() === 0 && isPosix)(
    'needs what it holds to be readable (needs root)',
    async () => {
      chmodSync(scratch, 0o755);
      chmodSync(root, 0o755);
      chmodSync(put('closed/file'), 0o644);
      const secret = put('secret');
      chmodSync(join(root, 'closed'), 0);
      chmodSync(secret, 0);
      process.seteuid?.(65534);
      try {
        await expect(openDirectoryContext(root)).rejects.toMatchObject({
          code: 'PERMISSION_DENIED',
          message: `error checking context: can't stat '${root}/closed'`,
        });
        await using tree = await openDirectoryContext(root, ignoring('closed'));
        await expect(readAll(tree)).rejects.toMatchObject({
          code: 'PERMISSION_DENIED',
          message: `open ${root}/secret: permission denied`,
        });
      } finally {
        process.seteuid?.(0);
      }
    },
  );

  test('of thousands of files somebody is told, while there are more to come', async () => {
    const told = async () => {
      let count = 0;
      await using _ = await openDirectoryContext(root, { onManyFiles: () => count++ });
      return count;
    };
    for (let i = 0; i < 5000; i++) put(`d${i % 5}/file-${i}`, '');
    expect(await told()).toBe(1);
    rmSync(join(root, 'd0'), { recursive: true });
    rmSync(join(root, 'd1'), { recursive: true });
    expect(await told()).toBe(0);
  });
});

describe('an ignore file', () => {
  test.each([
    { name: 'leaves out what it names', text: 'b\n*/y', left: ['a', 'a/x'] },
    { name: 'lets single files back in', text: '*\n!**/y', left: ['a', 'a/y', 'b', 'b/y'] },
    { name: 'lets a directory back in', text: '**\n!b', left: ['b', 'b/x', 'b/y'] },
    { name: 'may leave nothing', text: '**', left: [] },
    { name: 'knows names beyond ASCII', text: 'a\nb\nü?', left: [] },
  ])('$name', async ({ text, left }) => {
    for (const path of ['a/x', 'a/y', 'b/x', 'b/y']) put(path);
    if (text.includes('ü')) put('ü€');
    await using tree = await openDirectoryContext(root, ignoring(text));
    expect(pathsOf(tree)).toEqual(left);
  });

  test.runIf(process.getuid?.() === 0 && isPosix)(
    'keeps the walk out of what it leaves out (needs root)',
    async () => {
      for (const path of ['open/file', 'out/file']) put(path);
      chmodSync(scratch, 0o755);
      chmodSync(join(root, 'out'), 0);
      process.seteuid?.(65534);
      try {
        await using tree = await openDirectoryContext(root, ignoring('out\n!open'));
        expect(pathsOf(tree)).toEqual(['open', 'open/file']);
      } finally {
        process.seteuid?.(0);
      }
    },
  );
});

describe('reading', () => {
  test('gives files in the order of their paths, with their digests', async () => {
    const large = Buffer.alloc(LARGE, 'wherry');
    for (const [path, content] of [
      ['c', 'third'],
      ['a/b', 'first'],
      ['b', large],
      ['d', ''],
    ] as const)
      put(path, content);
    await using tree = await openDirectoryContext(root);
    const files = filesOf(tree);
    expect(files.map((file) => tree.knownDigest(file))).toEqual([undefined, undefined, undefined, undefined]);
    const order = ['a/b', 'b', 'c', 'd'].map((path) => at(tree, path));
    expect(await readAll(tree, [...files].reverse())).toEqual(['first', large.toString(), 'third', '']);
    expect(order.map((file) => tree.knownDigest(file))).toEqual(['first', large, 'third', ''].map(sha256));
  });

  const size = (isLarge: boolean) => (isLarge ? LARGE : 5);
  describe.each([
    { kind: 'small', isLarge: false },
    { kind: 'large', isLarge: true },
  ])('a $kind file', ({ isLarge }) => {
    test.each([
      { name: 'grew', change: (path: string) => appendFileSync(path, 'more') },
      { name: 'shrank', change: (path: string) => truncateSync(path, size(isLarge) - 1) },
      {
        name: 'was written again',
        change: (path: string) => writeFileSync(path, Buffer.alloc(size(isLarge), 'y')),
      },
      { name: 'was made executable', change: (path: string) => chmodSync(path, 0o755) },
      { name: 'is gone', change: (path: string) => unlinkSync(path) },
      {
        name: 'is another one of the same size and time',
        change: (path: string) => {
          const { atime, mtime } = statSync(path);
          writeFileSync(`${path}.new`, Buffer.alloc(size(isLarge), 'y'));
          utimesSync(`${path}.new`, atime, mtime);
          renameSync(`${path}.new`, path);
        },
      },
      {
        name: 'is a link to the same file',
        change: (path: string) => {
          renameSync(path, `${scratch}/elsewhere`);
          symlinkSync(`${scratch}/elsewhere`, path);
        },
      },
      {
        name: 'is a directory',
        change: (path: string) => {
          unlinkSync(path);
          mkdirSync(path);
        },
      },
      {
        name: 'is a pipe',
        change: async (path: string) => {
          unlinkSync(path);
          await runProgram('mkfifo', [path]);
        },
      },
    ])('that $name is a conflict', async ({ change }) => {
      const path = put('file', Buffer.alloc(size(isLarge), 'x'));
      utimesSync(path, LONG_AGO, LONG_AGO);
      await using tree = await openDirectoryContext(root);
      await change(path);
      await expect(readAll(tree)).rejects.toMatchObject({
        code: 'CONFLICT',
        message: `${path} changed while the build context was read`,
      });
      expect(tree.knownDigest(at(tree, 'file'))).toBeUndefined();
    });
  });

  test('sees a change of a large file that is being read', async () => {
    const path = put('file', Buffer.alloc(LARGE));
    utimesSync(path, LONG_AGO, LONG_AGO);
    await using tree = await openDirectoryContext(root);
    const reading = async () => {
      for await (const { body } of tree.read([at(tree, 'file')]))
        for await (const chunk of body as AsyncIterable<Uint8Array>)
          if (chunk.length > 0) writeFileSync(path, Buffer.alloc(LARGE, 'x'));
    };
    await expect(reading()).rejects.toMatchObject({ code: 'CONFLICT' });
  });
});

describe('digests from one build to the next', () => {
  const options = () => ({ cacheDirectory });
  const knownIn = (tree: SourceTree) =>
    [...nodesOf(tree.root)]
      .filter(([, node]) => tree.knownDigest(node))
      .map(([path]) => path)
      .sort();

  async function build(): Promise<void> {
    await using tree = await openDirectoryContext(root, {
      ...options(),
      now: () => new Date(Date.now() + 10_000),
    });
    await readAll(tree);
  }

  beforeEach(() => {
    for (const path of ['a', 'b/c', 'b/d', 'e']) put(path);
  });

  test('are known without reading', async () => {
    await build();
    await using tree = await openDirectoryContext(root, options());
    expect(knownIn(tree)).toEqual(['a', 'b/c', 'b/d', 'e']);
    expect(tree.knownDigest(at(tree, 'b/d'))).toBe(sha256('b/d'));
  });

  test('are forgotten of files that are not as they were', async () => {
    await build();
    writeFileSync(join(root, 'a'), 'A');
    renameSync(join(root, 'b/c'), join(root, 'b/x'));
    put('b/b', 'new');
    unlinkSync(join(root, 'b/d'));
    await using tree = await openDirectoryContext(root, options());
    expect(knownIn(tree)).toEqual(['e']);
    await readAll(tree);
    expect(tree.knownDigest(at(tree, 'a'))).toBe(sha256('A'));
  });

  test('survive builds that ask for nothing, and other contexts', async () => {
    await build();
    await (await openDirectoryContext(root, options()))[Symbol.asyncDispose]();
    await using other = await openDirectoryContext(join(root, 'b'), options());
    expect(knownIn(other)).toEqual([]);
    await using tree = await openDirectoryContext(root, options());
    expect(knownIn(tree)).toHaveLength(4);
  });

  test('are not kept of files that changed right before the walk', async () => {
    const now = () => new Date(statSync(join(root, 'a')).mtimeMs + 1000);
    {
      await using tree = await openDirectoryContext(root, { ...options(), now });
      await readAll(tree);
    }
    await using tree = await openDirectoryContext(root, options());
    expect(knownIn(tree)).toEqual([]);
  });

  test.each([
    { name: 'is cut off', damage: (path: string) => truncateSync(path, 100) },
    { name: 'is empty', damage: (path: string) => truncateSync(path, 0) },
    { name: 'has another byte', damage: (path: string) => flipByte(path) },
    { name: 'is text', damage: (path: string) => writeFileSync(path, 'x'.repeat(1000)) },
    {
      name: 'is a directory',
      damage: (path: string) => {
        unlinkSync(path);
        mkdirSync(path);
      },
    },
  ])('are unknown when their file $name', async ({ damage }) => {
    await build();
    damage(join(cacheDirectory, readdirSync(cacheDirectory)[0]!));
    await using tree = await openDirectoryContext(root, options());
    expect(knownIn(tree)).toEqual([]);
    await readAll(tree);
  });

  test('need no place to be kept', async () => {
    writeFileSync(join(scratch, 'cache'), 'a file');
    const warnings: string[] = [];
    const tree = await openDirectoryContext(root, {
      ...options(),
      onWarning: (message) => warnings.push(message),
    });
    await readAll(tree);
    await tree[Symbol.asyncDispose]();
    expect(warnings).toEqual([`the digests of the build context could not be kept in ${cacheDirectory}`]);
  });

  test('leave no other files behind', async () => {
    await build();
    await build();
    expect(readdirSync(cacheDirectory)).toHaveLength(1);
  });
});

function flipByte(path: string): void {
  const bytes = readFileSync(path);
  bytes[60] = (bytes[60] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}
