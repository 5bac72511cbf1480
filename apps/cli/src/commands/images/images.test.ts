import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Digest, ImageSummary, ImagesRequest } from '@wherry/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCli } from '../../testing/run-cli.ts';

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

  test('shows another size when one is asked for', async () => {
    const sizes = { transferBytes: 1_500_000, diskBytes: 4_200_000, uniqueBytes: 200_000 };
    const asked: (ImagesRequest | undefined)[] = [];
    const sized = {
      images: async (request?: ImagesRequest) => {
        asked.push(request);
        return [{ ...COMMON, id: id('c618'), repoTags: ['a:1'], repoDigests: [], created: undefined, sizes }];
      },
    };
    const sizeOf = async (...argv: string[]) => {
      const { stdout } = await runCli(
        ['images', '--format', '{{.Size}} {{.SharedSize}} {{.UniqueSize}}', ...argv],
        {
          engine: sized,
        },
      );
      return stdout;
    };
    expect(await sizeOf('--size', 'transfer')).toBe('1.5MB 4MB 200kB\n');
    expect(await sizeOf('--size', 'disk')).toBe('4.2MB 4MB 200kB\n');
    expect(await sizeOf('--size=unique')).toBe('200kB 4MB 200kB\n');
    expect(asked).toEqual([{ sizes: true }, { sizes: true }, { sizes: true }]);
    expect((await runCli(['images', '--size', 'disk'], { engine: sized })).stdout).toContain(
      'N/A       4.2MB\n',
    );
  });

  test.each(['', 'big', 'Disk', 'toString'])('refuses %j as a size', async (size) => {
    expect(await runCli(['images', '--size', size])).toMatchObject({
      exitCode: 1,
      stderr: `--size is ${JSON.stringify(size)}, want transfer, disk or unique\n`,
    });
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

describe('wherry images --format', () => {
  test.each([
    {
      argv: ['--format', '{{.Repository}}:{{.Tag}} {{.Digest}}'],
      lines: [
        '<none>:<none> <none>',
        'mycentos:v2 <none>',
        `127.0.0.1:5055/centos:8 ${DIGEST}`,
        'ubuntu:<none> ',
      ],
    },
    {
      argv: ['--digests', '--format', '{{.Repository}} {{.Digest}}'],
      lines: [
        '<none> <none>',
        'mycentos <none>',
        `127.0.0.1:5055/centos ${DIGEST}`,
        `ubuntu ${DIGEST}`,
        `ubuntu ${OTHER}`,
      ],
    },
    {
      argv: ['--digests', '--format', 'table {{.Tag}}'],
      lines: [
        'TAG       DIGEST',
        '<none>    <none>',
        'v2        <none>',
        `8         ${DIGEST}`,
        `<none>    ${DIGEST}`,
        `<none>    ${OTHER}`,
      ],
    },
    {
      argv: ['--no-trunc', '--format', '{{.ID}}|{{.CreatedSince}}|{{.Size}}|{{.VirtualSize}}'],
      lines: [
        `${id('389f')}|1 second ago|1.98MB|1.983MB`,
        `${id('c618')}|5 years ago|1.98MB|1.983MB`,
        `${id('c618')}|5 years ago|1.98MB|1.983MB`,
        `${id('6856')}||249B|249B`,
      ],
    },
    {
      argv: ['-q', '--format', 'table'],
      lines: ['389f00000000', 'c61800000000', 'c61800000000', '685600000000'],
    },
    {
      argv: ['-q', '--format', 'raw'],
      lines: ['389f00000000', 'c61800000000', 'c61800000000', '685600000000'].map(
        (shown) => `image_id: ${shown}`,
      ),
    },
    { argv: ['-q', '--format', '{{.Tag}}'], lines: ['<none>', 'v2', '8', '<none>'] },
    {
      argv: ['--format', '{{.Containers}} {{.SharedSize}} {{.UniqueSize}}'],
      lines: ['N/A N/A N/A', 'N/A N/A N/A', 'N/A N/A N/A', 'N/A N/A N/A'],
    },
  ])('prints $argv', async ({ argv, lines }) => {
    const outcome = await runCli(['images', ...argv], { engine });
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
    expect(outcome.stdout.split('\n')).toEqual([...lines, '']);
  });

  test('prints JSON lines', async () => {
    const { stdout } = await runCli(['images', '--format', 'json'], { engine });
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows).toHaveLength(4);
    expect(rows[3]).toEqual({
      Containers: 'N/A',
      CreatedAt: '0001-01-01 00:00:00 +0000 UTC',
      CreatedSince: '',
      Digest: '',
      ID: '685600000000',
      Repository: 'ubuntu',
      SharedSize: 'N/A',
      Size: '249B',
      Tag: '<none>',
      UniqueSize: 'N/A',
      VirtualSize: '249B',
    });
  });

  test('prints records', async () => {
    const { stdout } = await runCli(['images', '--digests', '--format', 'raw'], { engine });
    expect(stdout.split('\n\n').at(-2)?.split('\n')).toEqual([
      'repository: ubuntu',
      'tag: <none>',
      `digest: ${OTHER}`,
      'image_id: 685600000000',
      'created_at: 0001-01-01 00:00:00 +0000 UTC',
      'virtual_size: 249B',
    ]);
  });

  test('prints nothing but the fault of a template that does not suit', async () => {
    expect(await runCli(['images', '--format', '{{.ID}} {{.Nope}}'], { engine })).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr:
        'template parsing error: template: :1:10: executing "" at <.Nope>: ' +
        "can't evaluate field Nope in type *formatter.imageContext\n",
    });
  });
});

describe('imagesFormat of config.json', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'wherry-images-'));
    writeFileSync(join(directory, 'config.json'), '{"imagesFormat":"table {{.Tag}}"}');
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  const [configured, ids] = [
    'TAG\n<none>\nv2\n8\n<none>\n',
    '389f00000000\nc61800000000\nc61800000000\n685600000000\n',
  ];

  test.each([
    { name: 'is how images are listed', argv: ['images'], stdout: configured },
    { name: 'comes after the option', argv: ['images', '--format', '{{.ID}}'], stdout: ids },
    { name: 'comes after -q', argv: ['images', '-q'], stdout: ids },
  ])('$name', async ({ argv, stdout }) => {
    const env = { DOCKER_CONFIG: directory };
    expect(await runCli(argv, { engine, env })).toMatchObject({ exitCode: 0, stdout });
    expect(await runCli(['--config', directory, ...argv], { engine })).toMatchObject({ stdout });
    const toml = join(directory, 'config.toml');
    expect(await runCli(['--config', toml, ...argv], { engine, env })).toMatchObject({ stdout });
  });
});
