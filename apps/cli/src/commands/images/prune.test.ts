import { type Digest, type PruneRequest, WherryError } from '@wherry/core';
import { describe, expect, test } from 'vitest';
import { runCli } from '../../testing/run-cli.ts';

const ID = `sha256:68564a3a51fc${'0'.repeat(52)}` as Digest;
const WARNING = 'WARNING! This will remove all dangling images.\nAre you sure you want to continue? [y/N] ';
const ALL_WARNING = WARNING.replace(
  'dangling images',
  'images without at least one container associated to them',
);
const REPORT = `Deleted Images:\nuntagged: a:1\ndeleted: ${ID}\n\nTotal reclaimed space: 1.5MB\n`;

/** An engine that has pruned, and what it was asked for. */
function pruning() {
  const asked: PruneRequest[] = [];
  const prune = async (request: PruneRequest = {}) => {
    asked.push(request);
    return {
      events: [{ untagged: 'a:1' }, { deleted: ID }],
      contentBytes: 1_500_000,
      reclaimedBytes: 1_500_000,
    };
  };
  return { asked, engine: { prune } };
}

describe('wherry image prune', () => {
  test.each([{ stdin: 'y\n' }, { stdin: 'Y\r\n' }, { stdin: '  y  \n' }, { stdin: 'y' }])(
    'goes on after the answer $stdin',
    async ({ stdin }) => {
      const { engine } = pruning();
      expect(await runCli(['image', 'prune'], { engine, stdin })).toMatchObject({
        exitCode: 0,
        stdout: WARNING + REPORT,
        stderr: '',
      });
    },
  );

  test.each(['n\n', '\n', '', 'yes\n', 'ny\n', 'n\ny\n'])(
    'does nothing after the answer %j',
    async (stdin) => {
      const { asked, engine } = pruning();
      expect(await runCli(['image', 'prune'], { engine, stdin })).toMatchObject({
        exitCode: 0,
        both: WARNING,
      });
      expect(asked).toEqual([]);
    },
  );

  test('is left with Ctrl-C at the question', async () => {
    const { asked, engine } = pruning();
    const signal = AbortSignal.abort();
    expect(await runCli(['image', 'prune', '-a'], { engine, stdin: 'y\n', signal })).toMatchObject({
      exitCode: 130,
      both: `${ALL_WARNING}\n`,
    });
    expect(asked).toEqual([]);
  });

  test.each(['dangling=false', ' Dangling = 0'])(
    'does not promise less than --filter %s does',
    async (filter) => {
      const { engine } = pruning();
      const { stdout } = await runCli(['image', 'prune', '--filter', filter], { engine, stdin: 'n\n' });
      expect(stdout).toBe(ALL_WARNING);
    },
  );

  test('asks the engine for what the options say', async () => {
    const { asked, engine } = pruning();
    const options = ['--filter', 'label=a', '--filter=', '--filter', 'size>1GB', '--keep', '3'];
    expect(await runCli(['image', 'prune', '-af', ...options], { engine })).toMatchObject({ stdout: REPORT });
    expect(asked).toEqual([
      { all: true, filters: ['label=a', 'size>1GB'], configured: true, dryRun: false, keep: 3 },
    ]);
  });

  test('asks no question before a dry run, and says that it was one', async () => {
    const { asked, engine } = pruning();
    expect(await runCli(['image', 'prune', '--dry-run'], { engine })).toMatchObject({
      exitCode: 0,
      stdout: REPORT,
      stderr: 'This was a dry run: nothing has been removed. The disk would get back 1.5MB.\n',
    });
    expect(asked).toMatchObject([{ all: false, dryRun: true }]);
  });
});

describe('wherry pin and unpin', () => {
  const known = (image: string) =>
    image === 'a'
      ? Promise.resolve(true)
      : Promise.reject(new WherryError('IMAGE_UNKNOWN', `No such image: ${image}:latest`));

  test.each(['pin', 'unpin'] as const)('%s does what it can', async (verb) => {
    const done: string[] = [];
    const engine = {
      [verb]: (image: string) => {
        done.push(image);
        return known(image);
      },
    };
    expect(await runCli([verb, 'nosuch', 'a'], { engine })).toMatchObject({
      exitCode: 1,
      both: 'Error: No such image: nosuch:latest\n',
    });
    expect(done).toEqual(['nosuch', 'a']);
  });

  test('pin lists what is pinned', async () => {
    const image = {
      id: ID,
      repoTags: ['a:1'],
      repoDigests: [],
      created: new Date('2021-11-23T21:00:00Z'),
      size: 249,
      platform: { os: 'linux', architecture: 'amd64' },
    };
    const asked: unknown[] = [];
    const images = async (request: unknown) => {
      asked.push(request);
      return [image];
    };
    const { stdout } = await runCli(['pin'], { engine: { images } });
    expect(stdout).toBe(
      'REPOSITORY   TAG       IMAGE ID       CREATED       SIZE\n' +
        'a            1         68564a3a51fc   5 years ago   249B\n',
    );
    expect(asked).toEqual([{ all: true, pinned: true }]);
  });
});
