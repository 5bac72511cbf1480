import type { Digest, ImageSummary, ImagesRequest } from '@wherry/core';
import { describe, expect, test } from 'vitest';
import { runCli } from '../testing/run-cli.ts';

function id(start: string): Digest {
  return `sha256:${start.padEnd(64, '0')}` as Digest;
}

const DIGEST = `sha256:${'b'.repeat(64)}`;
const OTHER = `sha256:${'c'.repeat(64)}`;
const COMMON = { size: 1_983_097, platform: { os: 'linux', architecture: 'amd64' } };

const IMAGES: readonly ImageSummary[] = [
  { ...COMMON, id: id('389f'), repoTags: [], repoDigests: [], created: new Date('2026-11-23T20:59:59Z') },
  {
    ...COMMON,
    id: id('c618'),
    repoTags: ['mycentos:v2', '127.0.0.1:5055/centos:8'],
    repoDigests: [`127.0.0.1:5055/centos@${DIGEST}`],
    created: new Date('2021-08-31T01:20:48Z'),
  },
  {
    ...COMMON,
    id: id('6856'),
    repoTags: [],
    repoDigests: [`ubuntu@${DIGEST}`, `ubuntu@${OTHER}`],
    created: undefined,
    size: 249,
  },
];

const engine = { images: async () => [...IMAGES] };

describe('wherry images', () => {
  test('is a table with a row for every name', async () => {
    expect(await runCli(['images'], { engine })).toMatchObject({
      exitCode: 0,
      stderr: '',
      stdout: [
        'REPOSITORY              TAG       IMAGE ID       CREATED        SIZE',
        '<none>                  <none>    389f00000000   1 second ago   1.98MB',
        'mycentos                v2        c61800000000   5 years ago    1.98MB',
        '127.0.0.1:5055/centos   8         c61800000000   5 years ago    1.98MB',
        'ubuntu                  <none>    685600000000   N/A            249B',
        '',
      ].join('\n'),
    });
  });

  test('shows digests, each of a repository without tag in its own row', async () => {
    const { stdout } = await runCli(['image', 'ls', '--digests'], { engine });
    expect(stdout.split('\n').map((line) => line.split(/ {2,}/).slice(0, 4))).toEqual([
      ['REPOSITORY', 'TAG', 'DIGEST', 'IMAGE ID'],
      ['<none>', '<none>', '<none>', '389f00000000'],
      ['mycentos', 'v2', '<none>', 'c61800000000'],
      ['127.0.0.1:5055/centos', '8', DIGEST, 'c61800000000'],
      ['ubuntu', '<none>', DIGEST, '685600000000'],
      ['ubuntu', '<none>', OTHER, '685600000000'],
      [''],
    ]);
  });

  test.each([
    { argv: ['images', '-q'], stdout: '389f00000000\nc61800000000\nc61800000000\n685600000000\n' },
    {
      argv: ['image', 'list', '-q', '--no-trunc'],
      stdout: `${id('389f')}\n${id('c618')}\n${id('c618')}\n${id('6856')}\n`,
    },
  ])('prints IDs alone with $argv', async ({ argv, stdout }) => {
    expect(await runCli(argv, { engine })).toMatchObject({ exitCode: 0, stdout });
  });

  test('is a header when there are none', async () => {
    const none = { images: async () => [] };
    expect((await runCli(['images'], { engine: none })).stdout).toBe(
      'REPOSITORY   TAG       IMAGE ID   CREATED   SIZE\n',
    );
    expect((await runCli(['images', '-q'], { engine: none })).stdout).toBe('');
  });

  test('asks for what is wanted', async () => {
    const asked: (ImagesRequest | undefined)[] = [];
    const images = async (request?: ImagesRequest) => {
      asked.push(request);
      return [];
    };
    await runCli(['images', '-a', 'ubuntu:1*'], { engine: { images } });
    await runCli(['images'], { engine: { images } });
    await runCli(['image', 'ls', '-f', 'dangling=true', '--filter', 'size>1GB'], { engine: { images } });
    expect(asked).toEqual([
      { all: true, pattern: 'ubuntu:1*' },
      {},
      { filters: ['dangling=true', 'size>1GB'] },
    ]);
  });
});
