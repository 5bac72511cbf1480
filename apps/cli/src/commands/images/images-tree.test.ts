import { stripVTControlCharacters } from 'node:util';
import type { Digest, ImagesRequest, ImageTree } from '@wherry/core';
import { describe, expect, test } from 'vitest';
import { displayWidth } from '../../output/width.ts';
import { runCli } from '../../testing/run-cli.ts';

const idOf = (digit: string) => `sha256:${digit.repeat(64)}` as Digest;
const MANIFEST = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: idOf('d'), size: 1 };
const NOTHING = {
  ...{ manifest: MANIFEST, diskBytes: 0, contentBytes: 0 },
  ...{ isPinned: false, isInUse: false },
};
const AMD64 = { os: 'linux', architecture: 'amd64' };
const ARM64 = { os: 'linux', architecture: 'arm64', variant: 'v8' };

// What Docker's client 28.2.2 was given to draw.
const MULTI: ImageTree = {
  names: ['127.0.0.1:5055/team/multi:latest', 'multi:2'],
  id: idOf('a'),
  target: MANIFEST,
  diskBytes: 10_600_000,
  contentBytes: 3_370_000,
  isPinned: true,
  isInUse: true,
  variants: [
    {
      platform: AMD64,
      manifest: MANIFEST,
      id: idOf('1'),
      diskBytes: 10_600_000,
      contentBytes: 3_370_000,
      isPinned: true,
      isInUse: false,
    },
    { platform: ARM64, ...NOTHING },
  ],
};
const LONG: ImageTree = {
  names: [
    'a-very-long-registry-name.example.com:5000/some/very/long/path/of/a/repository/image:with-a-long-tag-too',
  ],
  id: idOf('c'),
  target: MANIFEST,
  diskBytes: 123_456,
  contentBytes: 0,
  isPinned: false,
  isInUse: false,
  variants: [],
};
const UNTAGGED: ImageTree = { ...LONG, names: [], id: idOf('b'), diskBytes: 123 };

const engineOf = (...trees: readonly ImageTree[]) => ({ imageTree: async () => [...trees] });

describe('wherry images --tree', () => {
  test('is drawn as Docker draws it', async () => {
    const result = await runCli(['images', '--tree'], { engine: engineOf(MULTI, UNTAGGED, LONG) });
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(result.stdout.split('\n')).toEqual([
      "WARNING: This is an experimental feature. The output may change and shouldn't be depended on.",
      `${' '.repeat(53)}Info ->  U In Use P Pinned`,
      '',
      'IMAGE                           ID             DISK USAGE   CONTENT SIZE   EXTRA',
      '127.0.0.1:5055/team/multi:latest',
      'multi:2                         aaaaaaaaaaaa       10.6MB         3.37MB   UP',
      '├─ linux/amd64                  111111111111       10.6MB         3.37MB   P',
      '└─ linux/arm64/v8                                      0B             0B',
      '',
      '<untagged>                      bbbbbbbbbbbb         123B             0B',
      '',
      'a-very-long-registry-name.ex…   cccccccccccc        123kB             0B',
      '',
      '',
    ]);
  });

  test('asks for what the list would show', async () => {
    const asked: (ImagesRequest | undefined)[] = [];
    const engine = {
      imageTree: async (request?: ImagesRequest) => {
        asked.push(request);
        return [];
      },
    };
    const { stdout } = await runCli(['image', 'ls', '--tree', '-a', '-f', 'label=x', 'app'], { engine });
    expect(asked).toEqual([{ all: true, filters: ['label=x'], pattern: 'app' }]);
    expect(stdout.split('\n').slice(3)).toEqual([
      'IMAGE   ID             DISK USAGE   CONTENT SIZE   EXTRA',
      '',
    ]);
  });

  test.each([
    { flags: ['-q'], name: 'quiet' },
    { flags: ['--no-trunc'], name: 'no-trunc' },
    { flags: ['--digests'], name: 'show-digest' },
    { flags: ['--format', '{{.ID}}'], name: 'format' },
    { flags: ['--format', '{{.ID}}', '-q'], name: 'quiet' },
    { flags: ['--size', 'disk'], name: 'size' },
  ])('is refused with $flags', async ({ flags, name }) => {
    expect(await runCli(['images', '--tree', ...flags])).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: `--${name} is not yet supported with --tree\n`,
    });
  });

  test.each([1, 12, 20, 26, 40, 60, 200])('fits into a terminal of %i columns', async (columns) => {
    const wide = { ...LONG, names: ['漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字', '漢'.repeat(300)] };
    const tty = { columns, rows: 20 };
    const { stdout } = await runCli(['images', '--tree'], { engine: engineOf(MULTI, LONG, wide), tty });
    const [, legend, ...lines] = stripVTControlCharacters(stdout).split('\n');
    expect(legend).toMatch(/Info → U In Use P Pinned$/);
    for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(Math.max(columns, 20));
    expect(lines).toContain(columns < 30 ? '├─ linux/amd64' : lines.find((line) => line.startsWith('├─')));
  });

  test('has colours on a terminal, where NO_COLOR does not forbid them', async () => {
    const [engine, tty] = [engineOf(MULTI), { columns: 80, rows: 20 }];
    const { stdout } = await runCli(['images', '--tree'], { engine, tty });
    expect(stdout).toContain('\x1b[93mWARNING');
    expect(stdout).toContain('\x1b[1mIMAGE');
    const plain = await runCli(['images', '--tree'], { engine, tty, env: { NO_COLOR: '1' } });
    expect(plain.stdout).not.toContain('\x1b');
    expect((await runCli(['images', '--tree'], { engine, tty, env: { NO_COLOR: '' } })).stdout).toBe(stdout);
  });

  test('lets no image write escape sequences to the terminal', async () => {
    const platform = { os: 'li\x1b[2Jnux', architecture: 'a\r\nb' };
    const hostile = { ...MULTI, variants: [{ platform, ...NOTHING }] };
    const { stdout } = await runCli(['images', '--tree'], { engine: engineOf(hostile) });
    expect(stdout).toContain('└─ li [2Jnux/a  b');
  });
});
