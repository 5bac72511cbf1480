import { describe, expect, test } from 'vitest';
import { type CopyCase, EPOCH, layerOf, linesOf, planCase } from '../../testing/copy-fixtures.ts';
import { sourceOfFiles } from '../../testing/source-fixtures.ts';
import type { FixtureEntry } from '../../testing/tar-fixtures.ts';

const TREE = {
  a: 'A',
  'b.txt': 'B',
  'dir/': { mode: 0o700 },
  'dir/c': 'C',
  'dir/sub/': { mode: 0o750 },
  'dir/sub/d': { content: 'D', mode: 0o4755 },
  'dir/link': { link: '../a' },
  link: { link: 'dir/c' },
  way: { link: '/dir' },
  out: { link: '../../dir/c' },
  loop: { link: 'loop' },
  'le[1].txt': 'E',
};

const BASE: FixtureEntry[] = [
  { name: 'etc/', type: 'directory', mode: 0o711, uid: 3, mtime: 9 },
  { name: 'etc/passwd', type: 'file', content: 'x' },
  { name: 'opt', type: 'symlink', link: 'usr/opt' },
  { name: 'usr/opt/', type: 'directory' },
  { name: 'here', type: 'symlink', link: '/etc/passwd' },
  { name: 'nowhere', type: 'symlink', link: '/new/place' },
  { name: 'circle', type: 'symlink', link: 'circle' },
  { name: 'etc/dir', type: 'symlink', link: '/usr' },
];

const placed: (Omit<CopyCase, 'files'> & { name: string; layer: string[] })[] = [
  { name: 'a file to a name', copy: 'a', to: '/x', layer: ['x 644 "A"'] },
  { name: 'a file to a name in a new directory', copy: 'a', to: '/p/x', layer: ['p/ 755', 'p/x 644 "A"'] },
  { name: 'a file into a new directory', copy: 'a', to: '/p/', layer: ['p/ 755', 'p/a 644 "A"'] },
  {
    name: 'a file to the working directory',
    copy: 'a',
    to: '.',
    workdir: '/w',
    layer: ['w/ 755', 'w/a 644 "A"'],
  },
  {
    name: 'a file to the parent of it',
    copy: 'a',
    to: '../x',
    workdir: '/w/v',
    layer: ['w/ 755', 'w/x 644 "A"'],
  },
  { name: 'a file over itself', copy: 'a', to: '/etc/passwd', layer: ['etc/ 711 3:0', 'etc/passwd 644 "A"'] },
  {
    name: 'a file into a directory that exists',
    copy: 'a',
    to: '/etc',
    layer: ['etc/ 711 3:0', 'etc/a 644 "A"'],
  },
  {
    name: 'a file through a symlink to a directory',
    copy: 'a',
    to: '/opt',
    layer: ['usr/opt/ 755', 'usr/opt/a 644 "A"'],
  },
  {
    name: 'a file through a symlink to a file',
    copy: 'a',
    to: '/here',
    layer: ['etc/ 711 3:0', 'etc/passwd 644 "A"'],
  },
  {
    name: 'a file through a symlink to nothing',
    copy: 'a',
    to: '/nowhere',
    layer: ['new/ 755', 'new/place 644 "A"'],
  },
  {
    name: 'a linked file beside a symlink',
    copy: 'a',
    to: '/opt/',
    isLinked: true,
    layer: ['opt/ 755', 'opt/a 644 "A"'],
  },
  {
    name: 'what is in a directory',
    copy: 'dir',
    to: '/t',
    layer: ['t/ 755', 't/link 777 -> ../a', 't/sub/ 750', 't/c 644 "C"', 't/sub/d 4755 "D"'],
  },
  { name: 'what is in a directory, to the root', copy: 'dir/sub', to: '/', layer: ['d 4755 "D"'] },
  {
    name: 'a symlink at the end of the source',
    copy: 'link',
    to: '/t/',
    layer: ['t/ 755', 't/link 644 "C"'],
  },
  { name: 'a symlink on the way of the source', copy: 'way/sub/d', to: '/', layer: ['d 4755 "D"'] },
  { name: 'a symlink that would leave the root', copy: 'out', to: '/', layer: ['out 644 "C"'] },
  { name: 'a rooted source', copy: '../../a', to: '/', layer: ['a 644 "A"'] },
  {
    name: 'a pattern',
    copy: '*.txt',
    to: '/t/',
    layer: ['t/ 755', 't/b.txt 644 "B"', 't/le[1].txt 644 "E"'],
  },
  {
    name: 'a pattern with a class for a bracket',
    copy: 'le[[]1].txt',
    to: '/t/',
    layer: ['t/ 755', 't/le[1].txt 644 "E"'],
  },
  {
    name: 'a pattern with an escape',
    copy: 'le\\[?].txt',
    to: '/t/',
    layer: ['t/ 755', 't/le[1].txt 644 "E"'],
  },
  {
    name: 'a pattern that matches directories',
    copy: 'd?r',
    to: '/t/',
    layer: ['t/ 755', 't/link 777 -> ../a', 't/sub/ 750', 't/c 644 "C"', 't/sub/d 4755 "D"'],
  },
  { name: 'a pattern below a symlink', copy: 'way/*c', to: '/', layer: ['c 644 "C"'] },
  {
    name: 'several sources',
    copy: ['a', 'b.txt'],
    to: '/t/',
    layer: ['t/ 755', 't/a 644 "A"', 't/b.txt 644 "B"'],
  },
  {
    name: 'a file and its copy through a symlink, which are no hard links',
    copy: ['dir/c', 'link'],
    to: '/',
    layer: ['c 644 "C"', 'link 644 "C"'],
  },
  {
    name: 'an owner, which new directories get too',
    copy: 'a',
    to: '/p/q/',
    chown: '5:6',
    layer: ['p/ 755 5:6', 'p/q/ 755 5:6', 'p/q/a 644 5:6 "A"'],
  },
  {
    name: 'an octal mode',
    copy: 'dir',
    to: '/t',
    chmod: '0600',
    layer: ['t/ 755', 't/link 777 -> ../a', 't/sub/ 600', 't/c 600 "C"', 't/sub/d 600 "D"'],
  },
  {
    name: 'a symbolic mode',
    copy: 'dir',
    to: '/t',
    chmod: 'u=rwX,go=rX',
    layer: ['t/ 755', 't/link 777 -> ../a', 't/sub/ 755', 't/c 644 "C"', 't/sub/d 755 "D"'],
  },
  {
    name: 'all but what is excluded',
    copy: ['dir', '*.txt'],
    to: '/t/',
    exclude: ['sub', 'le*'],
    layer: ['t/ 755', 't/link 777 -> ../a', 't/b.txt 644 "B"', 't/c 644 "C"'],
  },
  {
    name: 'what an exclusion takes in again',
    copy: 'dir',
    to: '/t',
    exclude: ['**', '!sub/d'],
    layer: ['t/ 755', 't/sub/ 750', 't/sub/d 4755 "D"'],
  },
  {
    name: 'with parents',
    copy: 'dir/sub/d',
    to: '/t/',
    keepsParents: true,
    layer: ['t/ 755', 't/dir/ 700', 't/dir/sub/ 750', 't/dir/sub/d 4755 "D"'],
  },
  {
    name: 'with parents from a pivot on',
    copy: './dir/./sub/d',
    to: '/t/',
    keepsParents: true,
    layer: ['t/ 755', 't/sub/ 750', 't/sub/d 4755 "D"'],
  },
  {
    name: 'with parents at any depth',
    copy: '**/[cd]',
    to: '/t/',
    keepsParents: true,
    layer: ['t/ 755', 't/dir/ 700', 't/dir/sub/ 750', 't/dir/c 644 "C"', 't/dir/sub/d 4755 "D"'],
  },
  {
    name: 'with parents where some are already',
    copy: 'dir/c',
    to: '/usr/',
    keepsParents: true,
    lower: [[{ name: 'usr/dir/', type: 'directory', mode: 0o711 }]],
    layer: ['usr/dir/ 711', 'usr/dir/c 644 "C"'],
  },
  {
    name: 'nothing for a pattern beside one that matches',
    copy: ['a', 'no*'],
    to: '/x',
    layer: ['x 644 "A"'],
  },
];

const refused: (Omit<CopyCase, 'files'> & { name: string; error: string })[] = [
  {
    name: 'a missing file',
    copy: './nosuch',
    to: '/x',
    error:
      'COPY failed: file not found in build context or excluded by .dockerignore: stat nosuch: file does not exist',
  },
  {
    name: 'a missing file of an image',
    copy: '/no/such',
    to: '/x',
    kind: 'image',
    error: 'COPY failed: stat no/such: file does not exist',
  },
  {
    name: 'a path that leaves the context',
    copy: '../x',
    to: '/x',
    error: 'COPY failed: forbidden path outside the build context: ../x ()',
  },
  {
    name: 'a pattern without a match',
    copy: 'no*',
    to: '/x',
    verb: 'ADD',
    error: 'ADD failed: no source files were specified',
  },
  { name: 'a malformed pattern', copy: 'a[', to: '/x', error: 'COPY failed: no source files were specified' },
  {
    name: 'a circle of symlinks',
    copy: 'loop',
    to: '/x',
    error: 'COPY failed: stat loop: too many levels of symbolic links',
  },
  { name: 'a file on the way', copy: 'a/b', to: '/x', error: 'COPY failed: stat a/b: not a directory' },
  {
    name: 'missing parents',
    copy: 'dir/./nosuch',
    to: '/x',
    keepsParents: true,
    error:
      'COPY failed: file not found in build context or excluded by .dockerignore: stat dir/nosuch: file does not exist',
  },
  {
    name: 'several files for one name',
    copy: ['a', 'b.txt'],
    to: '/x',
    error:
      'When using COPY with more than one source file, the destination must be a directory and end with a /',
  },
  {
    name: 'a directory over a file',
    copy: 'dir',
    to: '/etc/passwd',
    error: 'cannot copy to non-directory: /etc/passwd',
  },
  {
    name: 'a directory over a symlink deeper down',
    copy: '.',
    to: '/etc',
    error: 'cannot copy to non-directory: /etc/dir',
  },
  {
    name: 'a file over a directory',
    copy: 'dir/c',
    to: '/etc',
    lower: [[{ name: 'etc/c/', type: 'directory' }]],
    error: 'cannot replace to directory /etc/c with file',
  },
  {
    name: 'a destination below a file',
    copy: 'a',
    to: '/etc/passwd/',
    error: 'mkdir /etc/passwd: not a directory',
  },
  {
    name: 'a destination in a circle',
    copy: 'a',
    to: '/circle/x',
    error: '/circle/x: too many levels of symbolic links',
  },
  {
    name: 'a user that is not there',
    copy: 'a',
    to: '/x',
    chown: 'me',
    read: { '/etc/passwd': 'you:x:1:2::/:\n' },
    error:
      "unable to convert uid/gid chown string to host mapping: can't find uid for user me: no such user: me",
  },
  {
    name: 'a group that is not there',
    copy: 'a',
    to: '/x',
    chown: '1:us',
    error:
      "unable to convert uid/gid chown string to host mapping: can't find gid for group us: no such group: us",
  },
  {
    name: 'an owner of three parts',
    copy: 'a',
    to: '/x',
    chown: '1:2:3',
    error: 'unable to convert uid/gid chown string to host mapping: invalid chown string format: 1:2:3',
  },
  {
    name: 'a mode beyond all bits',
    copy: 'a',
    to: '/x',
    chmod: '10000',
    error: "invalid chmod parameter: '10000'. it should be octal string and between 0 and 07777",
  },
  {
    name: 'a mode that is none',
    copy: 'a',
    to: '/x',
    chmod: 'rwx',
    error: "invalid chmod parameter: 'rwx'. it should be octal string and between 0 and 07777",
  },
];

describe('COPY', () => {
  test.each(placed)('copies $name', async ({ name: _, layer, lower, ...given }) => {
    expect(await linesOf({ files: TREE, lower: [BASE, ...(lower ?? [])], ...given })).toEqual(layer);
  });

  test.each(refused)('refuses $name', async ({ name: _, error, lower, ...given }) => {
    await expect(linesOf({ files: TREE, lower: [BASE, ...(lower ?? [])], ...given })).rejects.toThrow(
      expect.objectContaining({ message: error }),
    );
  });

  test('refuses names that would delete something', async () => {
    await expect(linesOf({ files: { 'd/.wh.x': '' }, copy: 'd', to: '/' })).rejects.toThrow(
      '.wh.x: names that begin with .wh.',
    );
  });

  test('keeps what hangs together in one source: links, attributes, devices', async () => {
    const xattrs = new Map([['security.capability', Uint8Array.of(1, 0)]]);
    const files = {
      'd/b': { content: 'x', xattrs },
      'd/a': { sameAs: 'd/b' },
      'd/null': { type: 'char' as const, devMajor: 1, devMinor: 3 },
    };
    const layer = await layerOf({ files, copy: 'd', to: '/' });
    expect(layer.map(({ name, type }) => [Buffer.from(name).toString(), type])).toEqual([
      ['null', 'char'],
      ['a', 'file'],
      ['b', 'hardlink'],
    ]);
    expect(layer[0]).toMatchObject({ devMajor: 1, devMinor: 3 });
    for (const entry of layer.slice(1)) expect(entry.xattrs).toEqual(xattrs);
  });

  test('gives files of a context the epoch, those of an image their own time up to the latest', async () => {
    const files = { d: { content: 'x', uid: 7, mtime: 5 }, late: { mtime: EPOCH + 5, uid: 8 } };
    const facts = async (more: Partial<CopyCase>) =>
      (await layerOf({ files, copy: ['d', 'late'], to: '/', ...more })).map((entry) => [
        entry.mtime,
        entry.mtimeNs,
        entry.uid,
      ]);
    expect(await facts({})).toEqual([
      [EPOCH, 0, 0],
      [EPOCH, 0, 0],
    ]);
    expect(await facts({ kind: 'image' })).toEqual([
      [5, 5, 7],
      [EPOCH + 5, 5, 8],
    ]);
    expect(await facts({ kind: 'image', latest: EPOCH })).toEqual([
      [5, 5, 7],
      [EPOCH, 0, 8],
    ]);
    expect(await facts({ kind: 'fetched', chown: '9' })).toEqual([
      [5, 5, 9],
      [EPOCH + 5, 5, 9],
    ]);
  });
});

describe('the files of a COPY', () => {
  const summary = async (files: CopyCase['files'], more: Partial<CopyCase> = {}) =>
    (await planCase({ files, copy: '.', to: '/t/', ...more })).files();

  test('are told by all but their times', async () => {
    const first = await summary({ 'd/a': { content: 'x', mtime: 1 }, 'd/l': { link: 'a' } });
    expect([...(first?.list() ?? [])]).toEqual([
      { path: 'd', state: 'type=directory mode=755 owner=0:0 name=d' },
      {
        path: 'd/a',
        state:
          'type=file mode=644 owner=0:0 content=sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881 name=d/a',
      },
      { path: 'd/l', state: 'type=symlink mode=777 owner=0:0 target=a name=d/l' },
    ]);
    const files = { 'd/l': { link: 'a' }, 'd/a': { content: 'x', mtime: 2 } };
    expect(await summary(files)).toMatchObject({ digest: first?.digest });
    const others = [
      await summary({ ...files, 'd/a': 'y' }),
      await summary({ ...files, 'd/a': { content: 'x', mode: 0o600 } }),
      await summary({ ...files, 'd/l': { link: 'b' } }),
      await summary(files, { chown: '1' }),
      await summary(files, { copy: 'd' }),
      await summary({ ...files, 'd/a': { content: 'x', xattrs: new Map([['user.a', Uint8Array.of(1)]]) } }),
    ];
    expect(new Set([first, ...others].map((it) => it?.digest)).size).toBe(others.length + 1);
  });

  test('are not known before they were read', async () => {
    const tree = sourceOfFiles({ a: 'x' });
    const known = tree.knownDigest.bind(tree);
    let wasRead = false;
    const read = tree.read.bind(tree);
    Object.assign(tree, {
      knownDigest: (node: never) => (wasRead ? known(node) : undefined),
      read: (files: never) => {
        wasRead = true;
        return read(files);
      },
    });
    const plan = await planCase({ files: tree, copy: 'a', to: '/' });
    expect(plan.files()).toBeUndefined();
    for await (const _ of plan.write()) expect(wasRead).toBe(true);
    expect([...(plan.files()?.list() ?? [])]).toMatchObject([{ path: 'a' }]);
  });
});
