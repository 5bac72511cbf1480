import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { describeWith } from './needs.ts';
import { type RunOptions, runWith, Sandbox, startService, tryRun } from './wherry.ts';

/** Clients that package managers and Docker itself put there: of different ages, where both are. */
const CLIENTS = ['/usr/bin/docker', '/usr/local/bin/docker'].filter((path) => existsSync(path));
const BUSYBOX = fileURLToPath(
  new URL('../../shared/images/busybox-musl-amd64/rootfs.tar.gz', import.meta.url),
);
const needs = { linux: true, root: true, programs: ['runc', 'script', 'docker'], paths: [BUSYBOX] };
const LONG_MS = 180_000;
const COUNTING = 'i=0; while [ $i -lt 20 ]; do echo line $i; i=$((i+1)); sleep 0.05; done; exit 9';
const TWENTY = Array.from({ length: 20 }, (_, i) => `line ${i}\n`).join('');

describeWith(needs, 'wherry serve as the engine that runs containers', () => {
  const sandbox = new Sandbox();
  const root = sandbox.directory('engine');
  const socket = sandbox.file('docker.sock');
  let service: Awaited<ReturnType<typeof startService>>;

  beforeAll(async () => {
    await sandbox.at(root, 'import', '-c', 'CMD ["sh"]', BUSYBOX, 'busybox:1');
    service = await startService(sandbox, root, '--addr', `unix://${socket}`);
  }, LONG_MS);
  afterAll(async () => {
    const ids = (await sandbox.at(root, 'ps', '-aq')).split('\n').filter(Boolean);
    if (ids.length > 0) await sandbox.at(root, 'rm', '-f', ...ids);
    await service?.stop();
    sandbox[Symbol.dispose]();
  }, LONG_MS);

  describe.each(CLIENTS)('for %s', (client) => {
    const environment = () => ({
      ...sandbox.environment,
      DOCKER_HOST: `unix://${socket}`,
      DOCKER_BUILDKIT: '0',
    });
    const docker = (...args: string[]) => runWith({ env: environment() }, client, ...args);
    const tries = (...args: string[]) => tryRun({ env: environment() }, client, ...args);
    const triesWith = (options: RunOptions, ...args: string[]) =>
      tryRun({ ...options, env: environment() }, client, ...args);
    const typed = (command: string) =>
      tryRun({ env: environment() }, 'script', '-qec', `${client} ${command}`, '/dev/null');

    afterEach(async () => {
      const ids = (await docker('ps', '-aq')).split('\n').filter(Boolean);
      if (ids.length > 0) await docker('rm', '-f', ...ids);
    });

    test('containers run in the foreground, with input, output and exit code', {
      timeout: LONG_MS,
    }, async () => {
      const result = await tries('run', '--rm', 'busybox:1', 'sh', '-c', 'echo out; echo err >&2; exit 7');
      expect(result).toMatchObject({ status: 7, stdout: 'out\n', stderr: 'err\n' });
      const large = 'x'.repeat(2_000_000);
      const echoed = await triesWith({ input: large }, 'run', '-i', '--rm', 'busybox:1', 'cat');
      expect([echoed.status, echoed.stdout.length]).toEqual([0, large.length]);
      const missing = await tries('run', '--rm', 'busybox:1', 'nosuch');
      expect([missing.status, missing.stderr]).toEqual([
        127,
        expect.stringContaining('exec: "nosuch": executable file not found in $PATH'),
      ]);
      const terminal = await typed(`run --rm -it busybox:1 sh -c 'test -t 0 && tty; exit 6'`);
      expect([terminal.status, terminal.stdout]).toEqual([6, expect.stringContaining('/dev/pts/0')]);
      for (let round = 0; round < 5; round++)
        expect(await docker('run', '--rm', 'busybox:1', 'echo', `${round}`)).toBe(`${round}\n`);
      expect(await docker('ps', '-aq')).toBe('');
    });

    test('one that removes itself is told of to its end', { timeout: LONG_MS }, async () => {
      const seconds = () => Math.floor(Date.now() / 1000);
      const since = String(seconds() - 1);
      await docker('run', '--rm', '--name', 'brief', 'busybox:1', 'sh', '-c', 'exit 0');
      const actions = async () => {
        const filters = ['--since', since, '--until', String(seconds() + 1), '-f', 'container=brief'];
        const told = await docker('events', ...filters, '--format', '{{.Action}}');
        return told.trim().split('\n').slice(-3);
      };
      await expect.poll(actions, { timeout: 30_000 }).toEqual(['start', 'die', 'destroy']);
    });

    test('what is not offered is refused in one line', async () => {
      for (const [flag, value, text] of [
        ['-p', '80:80', 'ports are not published: with --network host, the default,'],
        ['--restart', 'always', "--restart always needs a daemon: let the system's own, such as systemd,"],
        ['--network', 'mine', 'network mine is not offered: use --network host, or --network none'],
      ] as const) {
        const refused = await tries('run', flag, value, 'busybox:1', 'true');
        expect([refused.status, refused.stderr]).toEqual([125, expect.stringContaining(text)]);
      }
      expect((await tries('network', 'create', 'mine')).stderr).toContain('networks of containers are not');
      expect(await docker('network', 'ls', '--format', '{{.Name}}')).toBe('bridge\nhost\nnone\n');
    });

    test('containers run in the background, whatever becomes of the service', {
      timeout: LONG_MS,
    }, async () => {
      const id = (await docker('run', '-d', '--name', 'counting', 'busybox:1', 'sh', '-c', COUNTING)).trim();
      expect(await docker('ps', '--no-trunc', '--format', '{{.ID}} {{.State}} {{.Networks}}')).toBe(
        `${id} running host\n`,
      );
      await service.stop();
      service = await startService(sandbox, root, '--addr', `unix://${socket}`);
      expect(await docker('logs', '-f', 'counting')).toBe(TWENTY);
      expect(await docker('wait', 'counting')).toBe('9\n');
      expect(await docker('logs', '--tail', '1', 'counting')).toBe('line 19\n');
      expect(await docker('ps', '-a', '--format', '{{.Status}}')).toMatch(/^Exited \(9\) /);
      expect((await tries('start', '-a', 'counting')).stdout).toBe(TWENTY);
      expect(await docker('rm', 'counting')).toBe('counting\n');
    });

    test('what runs takes commands', { timeout: LONG_MS }, async () => {
      await docker('run', '-d', '--name', 'web', 'busybox:1', 'sleep', '600');
      const result = await tries('exec', 'web', 'sh', '-c', 'echo out; echo err >&2; exit 4');
      expect(result).toMatchObject({ status: 4, stdout: 'out\n', stderr: 'err\n' });
      expect((await triesWith({ input: 'typed' }, 'exec', '-i', 'web', 'cat')).stdout).toBe('typed');
      expect((await tries('exec', 'web', 'nosuch')).status).toBe(127);
      const terminal = await typed(`exec -it web sh -c 'tty; exit 3'`);
      expect([terminal.status, terminal.stdout]).toEqual([3, expect.stringContaining('/dev/pts/')]);
      await docker('exec', '-d', 'web', 'sh', '-c', 'echo here >/marker');
      await expect.poll(() => docker('exec', 'web', 'cat', '/marker'), { timeout: 5000 }).toBe('here\n');
      expect(await docker('top', 'web', '-o', 'pid,args')).toContain('sleep 600');
      expect(await docker('diff', 'web')).toBe('A /marker\n');

      const from = sandbox.directory('from');
      await mkdir(join(from, 'sub'));
      await writeFile(join(from, 'sub', 'file'), 'content\n');
      await docker('cp', from, 'web:/copied');
      const to = sandbox.file('to');
      await docker('cp', 'web:/copied/sub', to);
      expect(await readFile(join(to, 'file'), 'utf8')).toBe('content\n');
      expect((await tries('cp', 'web:/nosuch', to)).status).toBe(1);
      const exported = sandbox.file('export.tar');
      await docker('export', '-o', exported, 'web');
      expect((await runWith({}, 'tar', 'tf', exported)).split('\n')).toContain('copied/sub/file');
      await docker('commit', '-m', 'kept', '--change', 'CMD ["cat", "/marker"]', 'web', 'kept:1');
      expect(await docker('run', '--rm', 'kept:1')).toBe('here\n');

      await docker('pause', 'web');
      expect(await docker('ps', '--format', '{{.Status}}')).toMatch(/\(Paused\)\n$/);
      await docker('unpause', 'web');
      await docker('rename', 'web', 'renamed');
      expect((await tries('rm', 'renamed')).stderr).toContain('You cannot remove a running container');
      await docker('restart', '-t', '0', 'renamed');
      await docker('kill', '-s', 'TERM', 'renamed');
      await docker('stop', '-t', '0', 'renamed');
      expect((await tries('kill', 'renamed')).stderr).toContain('is not running');
      await docker('rm', '-f', 'renamed');
    });

    test('clients attach before the start, and later', { timeout: LONG_MS }, async () => {
      const script = 'while read x; do echo "got $x"; done; exit 5';
      const options = ['-i', '-a', 'stdin', '-a', 'stdout', '--name', 'once'];
      await docker('create', ...options, 'busybox:1', 'sh', '-c', script);
      const once = await triesWith({ input: 'a\nb\n' }, 'start', '-a', '-i', 'once');
      expect(once).toMatchObject({ status: 5, stdout: 'got a\ngot b\n' });
      await docker('run', '-d', '--name', 'late', 'busybox:1', 'sh', '-c', COUNTING);
      const late = await tries('attach', 'late');
      expect([late.status, TWENTY.endsWith(late.stdout)]).toEqual([9, true]);
      await docker('rm', 'once', 'late');
      const left = (await readdir(join(root, 'containers'))).filter((name) => name !== 'locks');
      expect(left).toEqual([]);
    });

    test('images are built from a directory, and from an archive', { timeout: LONG_MS }, async () => {
      const context = sandbox.directory('context');
      const dockerfile = 'FROM busybox:1\nARG A=1\nCOPY f /f\nRUN cat /f; echo a=$A\nCMD ["cat", "/f"]\n';
      await writeFile(join(context, 'Dockerfile'), dockerfile);
      await writeFile(join(context, 'f'), `of ${client}\n`);
      const built = await docker('build', '-t', 'built:1', '--build-arg', `A=${client}`, context);
      expect(built).toContain('Step 1/5 : FROM busybox:1\n --->');
      expect(built).toContain(`of ${client}\na=${client}\n`);
      expect(built).toMatch(/Successfully built [0-9a-f]{12}\nSuccessfully tagged built:1\n$/);
      expect(await docker('run', '--rm', 'built:1')).toBe(`of ${client}\n`);
      const failed = await triesWith({ input: 'FROM busybox:1\nRUN exit 3\n' }, 'build', '-');
      expect([failed.status, failed.stderr]).toEqual([
        3,
        expect.stringContaining("The command '/bin/sh -c exit 3' returned a non-zero code: 3"),
      ]);
      expect(await docker('build', '-q', '-t', 'built:1', '--build-arg', `A=${client}`, context)).toMatch(
        /^sha256:[0-9a-f]{64}\n$/,
      );
    });

    test('volumes outlive containers', async () => {
      await docker('volume', 'create', '--label', 'k=v', 'data');
      await docker('run', '--rm', '-v', 'data:/data', 'busybox:1', 'sh', '-c', 'echo kept >/data/f');
      expect(await docker('run', '--rm', '-v', 'data:/d:ro', 'busybox:1', 'cat', '/d/f')).toBe('kept\n');
      expect(await docker('volume', 'ls', '-q', '--filter', 'label=k=v')).toBe('data\n');
      expect(await docker('volume', 'rm', 'data')).toBe('data\n');
      expect((await tries('volume', 'inspect', 'data')).status).toBe(1);
    });
  });
});
