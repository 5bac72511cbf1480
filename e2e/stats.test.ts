import { existsSync } from 'node:fs';
import { get } from 'node:http';
import { json } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeWith } from './needs.ts';
import { runWith, Sandbox, startService, tryRun } from './wherry.ts';

/** Clients that package managers and Docker itself put there: of different ages, where both are. */
const CLIENTS = ['/usr/bin/docker', '/usr/local/bin/docker'].filter((path) => existsSync(path));
const BUSYBOX = fileURLToPath(
  new URL('../../shared/images/busybox-musl-amd64/rootfs.tar.gz', import.meta.url),
);
const needs = { linux: true, root: true, programs: ['runc', 'docker'], paths: [BUSYBOX] };
const MIB = 1 << 20;
const LOOP = 'while :; do :; done';
const ROW = '{{.Container}} {{.Name}} {{.CPUPerc}} {{.MemUsage}} {{.PIDs}}';

interface Row {
  readonly container: string;
  readonly cpu: number;
  readonly memory: string;
  readonly limit: string;
  readonly pids: number;
}

/** What `ROW` prints, by the names of the containers. */
function rowsOf(text: string): Readonly<Record<string, Row>> {
  const rows = text.trimEnd().split('\n');
  return Object.fromEntries(
    rows.map((row) => {
      const [container = '', name = '', cpu = '', memory = '', , limit = '', pids] = row.split(' ');
      return [name, { container, cpu: Number.parseFloat(cpu), memory, limit, pids: Number(pids) }];
    }),
  );
}

describeWith(needs, 'what containers take, and their limits', () => {
  const sandbox = new Sandbox();
  const root = sandbox.directory('engine');
  const socket = sandbox.file('docker.sock');
  let service: Awaited<ReturnType<typeof startService>>;
  const wherry = (...args: string[]) => sandbox.at(root, ...args);

  beforeAll(async () => {
    await wherry('import', '-c', 'CMD ["sh"]', BUSYBOX, 'busybox:1');
    // It leaves something to the tests beside it.
    await wherry('run', '-d', '--name', 'busy', '--cpus', '0.2', 'busybox:1', 'sh', '-c', LOOP);
    await wherry('run', '-d', '--name', 'small', '-m', '64m', 'busybox:1', 'sleep', '600');
    await wherry('create', '--name', 'made', 'busybox:1', 'true');
    service = await startService(sandbox, root, '--addr', `unix://${socket}`);
  });
  afterAll(async () => {
    const ids = (await wherry('ps', '-aq')).split('\n').filter(Boolean);
    if (ids.length > 0) await wherry('rm', '-f', ...ids);
    await service?.stop();
    sandbox[Symbol.dispose]();
  });

  const asked = (path: string) =>
    new Promise<unknown>((resolve, reject) => {
      get({ socketPath: socket, path }, (response) => json(response).then(resolve, reject)).on(
        'error',
        reject,
      );
    });

  test('are told on the command line', async () => {
    const text = await wherry('stats', '--no-stream', '--format', ROW, 'busy', 'small', 'made');
    const { busy, made, small } = rowsOf(text);
    expect(busy?.cpu).toBeGreaterThan(0);
    expect(small).toMatchObject({ container: 'small', limit: '64MiB', pids: 1 });
    expect(small?.memory).toMatch(/^[1-9][\d.]*[KM]iB$/);
    expect(made).toEqual({ container: 'made', cpu: 0, memory: '0B', limit: '0B', pids: 0 });
    const listed = await wherry('stats', '--no-stream', '--format', '{{.Name}}');
    expect(listed.trimEnd().split('\n').sort()).toEqual(['busy', 'small']);
    expect(
      (await wherry('stats', '--no-stream', '-a', '--format', 'json')).trimEnd().split('\n'),
    ).toHaveLength(3);
  });

  test('are told at once by the API', async () => {
    const sample = await asked('/v1.51/containers/small/stats?stream=0&one-shot=1');
    expect(sample).toMatchObject({
      preread: '0001-01-01T00:00:00Z',
      pids_stats: { current: 1 },
      cpu_stats: { cpu_usage: { total_usage: expect.any(Number) }, online_cpus: expect.any(Number) },
      memory_stats: { limit: 64 * MIB },
      precpu_stats: { cpu_usage: { total_usage: 0 } },
      name: '/small',
    });
  });

  describe.each(CLIENTS)('for %s', (client) => {
    const environment = () => ({ ...sandbox.environment, DOCKER_HOST: `unix://${socket}` });
    const docker = (...args: string[]) => runWith({ env: environment() }, client, ...args);
    const tries = (...args: string[]) => tryRun({ env: environment() }, client, ...args);

    test('are told beside what the command line tells', async () => {
      const theirs = rowsOf(await docker('stats', '--no-stream', '--format', ROW));
      expect(theirs.busy?.cpu).toBeGreaterThan(0);
      const ours = rowsOf(await wherry('stats', '--no-stream', '--format', ROW));
      for (const name of ['busy', 'small'])
        expect(ours[name]).toMatchObject({
          container: theirs[name]?.container,
          limit: theirs[name]?.limit,
          pids: theirs[name]?.pids,
        });
      const zeros = rowsOf(await docker('stats', '--no-stream', '--format', ROW, 'made'));
      expect(zeros.made).toEqual({ container: 'made', cpu: 0, memory: '0B', limit: '0B', pids: 0 });
    });

    test('are others after an update, and after the next start', async () => {
      const limitOf = async (name: string) =>
        rowsOf(await wherry('stats', '--no-stream', '--format', ROW, name))[name]?.limit;
      expect(await docker('update', '-m', '32m', '--memory-swap', '64m', 'small', 'made')).toBe(
        'small\nmade\n',
      );
      expect(await limitOf('small')).toBe('32MiB');
      const refused = await tries('update', '-m', '512m', 'small');
      expect([refused.status, refused.stderr]).toEqual([
        1,
        expect.stringContaining('Memory limit should be smaller than already set memoryswap limit'),
      ]);
      await wherry('restart', '-t', '0', 'small');
      expect(await limitOf('small')).toBe('32MiB');
      expect(await docker('inspect', '-f', '{{.HostConfig.Memory}}', 'made')).toBe(`${32 * MIB}\n`);
      const text = await wherry(
        'update',
        '--memory',
        '64m',
        '--memory-swap',
        '128m',
        '--cpu-shares',
        '77',
        'small',
      );
      expect([text, await limitOf('small')]).toEqual(['small\n', '64MiB']);
      expect(await docker('inspect', '-f', '{{.HostConfig.CpuShares}}', 'small')).toBe('77\n');
      expect((await tries('update', '--restart', 'always', 'small')).stderr).toContain('needs a daemon');
    });

    test('and no ports', async () => {
      expect(await docker('port', 'small')).toBe('');
      expect((await tries('port', 'small', '80')).stderr).toContain('No public port');
    });
  });
});
