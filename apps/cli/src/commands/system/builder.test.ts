import type { BuildCacheEntry, BuildCachePruneRequest, Engine } from '@wherry/core';
import { describe, expect, test } from 'vitest';
import { runCli } from '../../testing/run-cli.ts';

const HOUR_MS = 3600_000;
const ago = (hours: number) => new Date(Date.now() - hours * HOUR_MS);

const STEP: BuildCacheEntry = {
  ...{
    id: 'ab'.repeat(32),
    type: 'regular',
    description: 'RUN make\u001b[2J',
    parent: 'cd',
    bytes: 12_000_000,
  },
  ...{ createdAt: ago(49), lastUsedAt: ago(3), useCount: 2, isInUse: false, isShared: true },
};
const MOUNT: BuildCacheEntry = {
  ...{ id: 'ef'.repeat(16), type: 'exec.cachemount', description: 'cache mount /root/.cache', bytes: 500 },
  ...{ createdAt: ago(49), lastUsedAt: ago(2.1), isInUse: true, isShared: false },
};

describe('wherry builder prune', () => {
  const asked: (BuildCachePruneRequest | undefined)[] = [];
  const pruneBuildCache: Engine['pruneBuildCache'] = async (request) => {
    asked.push(request);
    return { deleted: ['ab', 'cd'], reclaimedBytes: 10_270 };
  };
  const engine = { pruneBuildCache };
  const REPORT = 'Deleted build cache objects:\nab\ncd\n\nTotal reclaimed space: 10.27kB\n';

  test.each([
    { flags: [], kind: 'all dangling build cache' },
    { flags: ['-a'], kind: 'all build cache' },
  ])("$flags asks first, in Docker's words", async ({ flags, kind }) => {
    const question = `WARNING! This will remove ${kind}. Are you sure you want to continue? [y/N] `;
    asked.length = 0;
    const refused = await runCli(['builder', 'prune', ...flags], { engine, stdin: '' });
    expect(refused).toMatchObject({ exitCode: 0, stdout: question });
    expect(asked).toEqual([]);
    const agreed = await runCli(['builder', 'prune', ...flags], { engine, stdin: 'y\n' });
    expect(agreed).toMatchObject({ exitCode: 0, stdout: question + REPORT });
  });

  test('hands on filters and limits, of which nothing is none', async () => {
    asked.length = 0;
    const flags = ['--filter', 'until=24h', '--keep-storage', '1GB', '--max-used-space', '2g'];
    const stdout = (await runCli(['builder', 'prune', '-f', ...flags], { engine })).stdout;
    expect(stdout).toBe(REPORT);
    await runCli(['builder', 'prune', '-f', '--keep-storage=1', '--reserved-space=2'], { engine });
    await runCli(['builder', 'prune', '-af', '--keep-storage=0', '--min-free-space=3kb'], { engine });
    expect(asked).toEqual([
      { all: false, dryRun: false, filters: ['until=24h'], reservedBytes: 2 ** 30, maxUsedBytes: 2 ** 31 },
      { all: false, dryRun: false, filters: [], reservedBytes: 2 },
      { all: true, dryRun: false, filters: [], minFreeBytes: 3072 },
    ]);
  });

  test('refuses a size that is none before it asks', async () => {
    const outcome = await runCli(['builder', 'prune', '--keep-storage', 'x'], { engine });
    expect(outcome.stdout).toBe('');
    expect(outcome.stderr).toContain('invalid argument "x" for "--keep-storage" flag: invalid size: \'x\'');
    expect(outcome.exitCode).not.toBe(0);
  });

  test('tells that a dry run was one', async () => {
    expect(await runCli(['builder', 'prune', '--dry-run'], { engine })).toMatchObject({
      ...{ stdout: REPORT, stderr: 'This was a dry run: nothing has been removed.\n' },
    });
  });
});

describe('wherry builder du', () => {
  const engine = { buildCache: async () => [STEP, MOUNT] };

  test('is a table as in system df -v', async () => {
    const { stdout } = await runCli(['builder', 'du'], { engine });
    expect(stdout).toBe(
      `${[
        'CACHE ID       CACHE TYPE        SIZE      CREATED      LAST USED     USAGE     SHARED',
        'abababababab   regular           12MB      2 days ago   3 hours ago   2         true',
        'efefefefefef   exec.cachemount   500B      2 days ago   2 hours ago             false',
      ].join('\n')}\n`,
    );
    const usage = {
      groups: [{ type: 'build-cache', total: 2, active: 1, bytes: 500, reclaimableBytes: 0, items: [] }],
      ...{ bytes: 500, buildCache: [STEP, MOUNT] },
    } as const;
    const df = (await runCli(['system', 'df', '-v'], { engine: { diskUsage: async () => usage } })).stdout;
    expect(df).toBe(`Build cache usage: 500B\n\n${stdout}\nTotal: 500B\n`);
  });

  test('tells all of each, and nothing that speaks to the terminal', async () => {
    const { stdout } = await runCli(['builder', 'du', '--verbose'], { engine });
    expect(stdout).toContain(`ID:            ${STEP.id}\n`);
    expect(stdout).toContain('Description:   RUN make [2J\n\n');
    expect(stdout).toContain('Type:          exec.cachemount\n');
    const template = await runCli(['builder', 'du', '--format', '{{.ID}} {{.InUse}}'], { engine });
    expect(template.stdout).toBe(`${STEP.id} false\n${MOUNT.id} true\n`);
    const json = (await runCli(['builder', 'du', '--format', 'json'], { engine })).stdout;
    expect(JSON.parse(json.split('\n')[0]!)).toMatchObject({
      ...{ CacheType: 'regular', Description: STEP.description, ID: STEP.id, Parent: 'cd' },
      ...{ Shared: 'true', Size: '12MB', UsageCount: '2' },
    });
  });
});
