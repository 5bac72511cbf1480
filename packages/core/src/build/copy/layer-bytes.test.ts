import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type CopyCase, planCase } from '../../testing/copy-fixtures.ts';
import { gather } from '../../testing/layer-fixtures.ts';
import type { SourceFixtures } from '../../testing/source-fixtures.ts';
import { tarOf } from '../../testing/tar-fixtures.ts';

const FILES: SourceFixtures = {
  'src/a-b': { content: 'two', mode: 0o600, uid: 7, gid: 8 },
  'src/a/': { mode: 0o700 },
  'src/d/': { mode: 0o711, uid: 3, mtime: 1_650_000_000 },
  'src/d-x': 'before what is in d',
  'src/d/e/f': 'deep',
  'src/d/e/g h%': { content: 'a blank', xattrs: new Map([['security.capability', Buffer.from([1, 2])]]) },
  'src/d/link': { link: '../a-b' },
  'src/d/same': { sameAs: 'src/d/e/f' },
  'src/\u00fc': '\u00fc',
  'src/null': { type: 'char', devMajor: 1, devMinor: 3 },
  'src/pipe': { type: 'fifo' },
  'src/empty/': {},
  'other/d/e/f': 'of another source',
  'x.tar': {
    content: tarOf(
      { name: 'in/', type: 'directory', mode: 0o750, uid: 5 },
      { name: 'in/f', type: 'file', content: Buffer.from('packed') },
      { name: 'in/g', type: 'hardlink', link: 'in/f', mode: 0o640 },
      { name: '.wh.gone', type: 'file' },
    ),
  },
};

const LOWER: CopyCase['lower'] = [
  [
    { name: 'srv/', type: 'directory', mode: 0o701, uid: 4, mtime: 5 },
    { name: 'srv/d', type: 'file', content: Buffer.from('x') },
    { name: 'gone', type: 'file' },
    { name: 'way', type: 'symlink', link: 'srv' },
  ],
];

const CASES: readonly (CopyCase & {
  readonly name: string;
  readonly layer: string;
  readonly inputs: string;
})[] = [
  {
    name: 'a directory',
    files: FILES,
    copy: 'src',
    to: '/srv/in',
    lower: LOWER,
    layer: 'ba735336f4ca72fc587a7b1e6ab8a6bd6a9771e6ac9e31faa7981493cb641713',
    inputs: '7a5c3ac6bbb0cd9576c31199ea36686e1ecefe6a4e15cddf89163a393bc30933',
  },
  {
    name: 'all',
    files: FILES,
    copy: '.',
    to: '/',
    exclude: ['x.tar'],
    layer: '64d1ef0a5eb4c38532dca72487980b13a21fb2e65bc0514705f7727b96342d46',
    inputs: '8f3aef9fa0fd7e14c45b6674fcff08e315724a0c50107fc479090cac5314be0a',
  },
  {
    name: 'two with one name',
    files: FILES,
    copy: ['src/d/e', 'other/d/e', 'src/d'],
    to: '/way/',
    lower: LOWER,
    layer: 'ded2648e07a27de146fe65d3f512fe3ad2d59f4e3d9c3c187a6ab4caaef7cc21',
    inputs: 'd4be24fda67047d2c1401f0b349276195424fccadc8d575e898ced08a82a8540',
  },
  {
    name: 'a pattern',
    files: FILES,
    copy: 'src/[a-d]*',
    to: 'to/',
    chown: '9:10',
    chmod: 'u=rwX,go=',
    layer: '76594977873c5de5115e8d1228c5ada503cbdb7b4f0b41cfb0859442f079118f',
    inputs: '465fa10cad56bc666101f5ea923818b3877d6a77c3173e3ec6d012b4872c6f6a',
  },
  {
    name: 'one file',
    files: FILES,
    copy: 'src/d/e/f',
    to: '/name',
    layer: 'c60707e29117964d3a61dff64cd038d022e552d5a2c21f39f0510875201ba400',
    inputs: 'aea4bddf6ba8fcc3f428f63d60ea6b84711224fd32b54e347102093d872aa521',
  },
  {
    name: 'parents',
    files: FILES,
    copy: 'src/**/f',
    to: '/p/',
    keepsParents: true,
    layer: 'af20aa985b00f85483c38b4a756c1a4c0ec4f9337e96ae87a3f70982f94d868f',
    inputs: '28b7336e4fc4f08ef12154adc1b20987f19977296fb03609c0945dbbd77bdb4e',
  },
  {
    name: 'all but some',
    files: FILES,
    copy: 'src',
    to: '/',
    exclude: ['d', '!d/e/f'],
    layer: '565f7134a938c50eb4b1acceb3498c40afce7f07b1bc8b655ac186618c9e53bb',
    inputs: '7d3241c47139a96f48729d5d255ecbedba072662bcf99374e2a12da6c0cf5725',
  },
  {
    name: 'an image',
    files: FILES,
    kind: 'image',
    copy: ['src', 'src/d/e/f'],
    to: '/i/',
    latest: 1_600_000_001,
    layer: '94fc747f9149a6e24aaffd4eef3e221035dc6c8a9b8bebb7d9ff27fbb1fa984e',
    inputs: '94d90e0ed8b35f58fe7d5afcd4686fbe7b4856bc784204113afdbf4121ba2675',
  },
  {
    name: 'an archive',
    verb: 'ADD',
    files: FILES,
    copy: ['x.tar', 'src/d'],
    to: '/',
    lower: LOWER,
    layer: 'a5b57995707f336c7606c1ab20e4fc9079b77fb757647d39abc9631b605ae28c',
    inputs: 'add27bb64682147279b2d2faaf82255523ac00835dd286dd30c85fe9ddaf1531',
  },
];

describe('what a layer is today it is tomorrow', () => {
  test.each(CASES)('$name', async ({ layer, inputs, ...given }) => {
    const plan = await planCase(given);
    expect(hexOf(await gather(plan.write()))).toBe(layer);
    const files = plan.files();
    expect(files?.digest.slice('sha256:'.length)).toBe(inputs);
    const listed = [...(files?.list() ?? [])].map(
      ({ path, state }) => `${path.length} ${state.length} ${path}${state}\n`,
    );
    expect(hexOf(listed.join(''))).toBe(inputs);
  });
});

function hexOf(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}
