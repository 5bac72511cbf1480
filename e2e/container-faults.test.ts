import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { processesWith, tracesOf } from './container-traces.ts';
import { writeImage } from './layout.ts';
import { describeWith } from './needs.ts';
import { noisyLayer } from './noise.ts';
import { Sandbox, tryRun, WHERRY } from './wherry.ts';

const BUSYBOX = fileURLToPath(
  new URL('../../shared/images/busybox-musl-amd64/rootfs.tar.gz', import.meta.url),
);
const needs = { linux: true, root: true, programs: ['runc', 'unshare', 'mount'], paths: [BUSYBOX] };
/** In the command line of what runs in the containers. */
const MARKER = `77${process.pid}`;
const MAX_MONITOR_KB = 60 * 1024;

describeWith(needs, 'containers', () => {
  const sandbox = new Sandbox();
  const { root } = sandbox;
  const wherry = (...args: string[]) => sandbox.wherry(...args);
  const states = () => wherry('ps', '-a', '--format', '{{.Names}}: {{.State}}');

  beforeAll(() => wherry('import', '-c', 'CMD ["sh"]', BUSYBOX, 'busybox:1'));
  afterEach(async () => {
    const ids = (await wherry('ps', '-aq')).split('\n').filter((id) => id !== '');
    if (ids.length > 0) await wherry('rm', '-f', ...ids);
    await expect.poll(() => [...tracesOf(root), ...processesWith(MARKER)], { timeout: 10_000 }).toEqual([]);
  });
  afterAll(() => sandbox[Symbol.dispose]());

  /** A `PATH` in which a script stands for a program. */
  function pathWith(program: string, script: string): { env: NodeJS.ProcessEnv } {
    const directory = sandbox.directory('bin');
    writeFileSync(join(directory, program), `#!/bin/sh\n${script}\n`);
    chmodSync(join(directory, program), 0o755);
    return { env: { PATH: `${directory}:${process.env.PATH}` } };
  }

  const realRunc = execFileSync('sh', ['-c', 'PATH=$PATH:/usr/sbin:/sbin command -v runc'], {
    encoding: 'utf8',
  }).trim();
  const onRun = (action: string) => `case "$*" in *" run "*) ${action};; esac; exec ${realRunc} "$@"`;

  test.each([
    { argv: ['-u', 'nosuch', 'busybox:1', 'id'], code: 125, text: 'unable to find user nosuch' },
    { argv: ['-w', 'rel', 'busybox:1', 'id'], code: 125, text: "working directory 'rel' is invalid" },
    { argv: ['-w', '/etc/passwd', 'busybox:1', 'id'], code: 125, text: '/etc/passwd is not a directory' },
    { argv: ['busybox:1', 'nosuch'], code: 127, text: 'executable file not found in $PATH' },
    { argv: ['busybox:1', '/etc/passwd'], code: 126, text: 'permission denied' },
    { argv: ['--pull', 'never', '--platform', 'linux/s390x', 'busybox:1'], code: 125, text: 'linux/s390x' },
  ])('refuse $argv', async ({ argv, code, text }) => {
    const refused = await sandbox.try('run', '--rm', ...argv);
    expect(refused).toMatchObject({ status: code, stdout: '' });
    expect(refused.stderr).toContain(text);
    expect(await states()).toBe('');
  });

  test.each([
    {
      name: 'too old',
      script: 'echo "flag provided but not defined: -log" >&2; exit 1',
      text: 'runc is too old',
    },
    { name: 'silent', script: 'exit 3', text: 'runc ended with exit code 3' },
    { name: 'killed at once', script: onRun('kill -9 $$'), text: 'OCI runtime create failed: Killed' },
  ])('do not start under a runtime that is $name', async ({ script, text }) => {
    const failed = await sandbox.tryWith(
      pathWith('runc', script),
      'run',
      '--name',
      'web',
      'busybox:1',
      'true',
    );
    expect(failed).toMatchObject({ status: 125, stdout: '' });
    expect(failed.stderr).toContain(text);
    expect(await states()).toBe('web: created\n');
    expect(await wherry('start', '-a', 'web')).toBe('');
  });

  test('do not start where there is no runtime, but are listed and removed', async () => {
    const hide = 'for p in runc crun youki; do f=$(command -v $p) && mount --bind /dev/null "$f"; done';
    const script = `PATH=$PATH:/usr/sbin:/sbin; ${hide}; exec "$@"`;
    const without = (...args: string[]) => {
      const command = ['-c', script, 'sh', process.execPath, WHERRY, ...args];
      return tryRun({ env: sandbox.environment }, 'unshare', '-m', 'sh', ...command);
    };
    const failed = await without('run', '--name', 'web', 'busybox:1', 'true');
    expect(failed).toMatchObject({ status: 125 });
    expect(failed.stderr).toContain('needs runc, crun or youki, none is found in $PATH');
    expect((await without('ps', '-a', '--format', '{{.Names}}')).stdout).toBe('web\n');
    expect(await without('rm', 'web')).toMatchObject({ status: 0 });
  });

  test('end with their runtime when that is killed', async () => {
    await wherry('run', '-d', '--name', 'web', 'busybox:1', 'sleep', MARKER);
    for (const { pid } of processesWith(root).filter(({ command }) => command.startsWith(`${realRunc} `)))
      process.kill(pid, 'SIGKILL');
    expect(await wherry('wait', 'web')).toBe('137\n');
    expect(processesWith(`sleep ${MARKER}`)).toEqual([]);
  });

  test('go on without runtime and supervisor, and are stopped and removed', async () => {
    await wherry('run', '-d', '--rm', '--name', 'web', 'busybox:1', 'sleep', MARKER);
    const others = processesWith(`${root}/containers`).sort(
      (a, b) => Number(isShell(b)) - Number(isShell(a)),
    );
    for (const { pid } of others) process.kill(pid, 'SIGKILL');
    expect(await states()).toBe('web: running\n');
    await wherry('stop', '-t', '0', 'web');
    expect(await states()).toBe('');
  });

  test('in the foreground tell how they ended: removed by somebody else, or with nobody who knows', async () => {
    const removed = sandbox.start('run', '--name', 'removed', 'busybox:1', 'sleep', MARKER);
    await expect.poll(states, { timeout: 10_000 }).toBe('removed: running\n');
    await wherry('rm', '-f', 'removed');
    expect(await removed.result).toMatchObject({ status: 137, stderr: '' });
    const lost = sandbox.start('run', '--rm', '--name', 'lost', 'busybox:1', 'sleep', MARKER);
    await expect.poll(states, { timeout: 10_000 }).toBe('lost: running\n');
    for (const { pid } of processesWith(`${root}/containers`).filter(isShell)) process.kill(pid, 'SIGKILL');
    await wherry('kill', 'lost');
    const { status, stderr } = await lost.result;
    expect(status).toBe(255);
    expect(stderr).toContain('the supervisor of the container failed: it was killed');
  });

  test('whose start was killed are waited for by who removes them', async () => {
    const started = sandbox.tryWith(
      pathWith('runc', onRun('sleep 2')),
      ...['run', '-d', '--name', 'web', 'busybox:1', 'sleep', MARKER],
    );
    const isStarting = () => processesWith(root).some(isShell);
    await expect.poll(isStarting, { timeout: 20_000, interval: 20 }).toBe(true);
    for (const { pid } of processesWith(`${WHERRY} run -d --name web`)) process.kill(pid, 'SIGKILL');
    expect(await started).toMatchObject({ signal: 'SIGKILL' });
    await wherry('rm', '-f', 'web');
  });

  test('run on copies where there is no overlay, which is said once', async () => {
    const noOverlay = pathWith('mount', 'echo "mount: unknown filesystem type \'overlay\'." >&2; exit 32');
    const script = 'echo more >>/f; cat /f';
    const first = await sandbox.tryWith(noOverlay, 'run', '--name', 'web', 'busybox:1', 'sh', '-c', script);
    expect(first).toMatchObject({ status: 0, stdout: 'more\n' });
    expect(first.stderr).toMatch(
      /^WARNING: no overlay at \S+, its files are copied instead: .*'overlay'\.\n$/,
    );
    const second = await sandbox.tryWith(noOverlay, 'start', '-a', 'web');
    expect(second).toMatchObject({ status: 0, stdout: 'more\nmore\n', stderr: '' });
  });

  test('end whatever comes in, and print without end in little memory', async () => {
    const endless = `yes | "$@"`;
    const command = [process.execPath, WHERRY, 'run', '-i', '--rm', 'busybox:1', 'head', '-n', '1'];
    const env = sandbox.environment;
    const ended = await tryRun({ env, timeoutMs: 60_000 }, 'sh', '-c', endless, 'sh', ...command);
    expect(ended).toMatchObject({ status: 0, stdout: 'y\n', stderr: '' });
    await wherry('run', '-d', '--name', 'web', 'busybox:1', 'sh', '-c', 'yes >&2 & yes ""');
    const [log = ''] = readdirSync(join(root, 'containers')).filter((name) => name !== 'locks');
    const written = () => readFileSync(join(root, 'containers', log, 'json.log')).length;
    await expect.poll(written, { timeout: 30_000 }).toBeGreaterThan(20_000_000);
    const [monitor] = processesWith('monitor-main').filter(({ command }) => command.includes(root));
    const status = readFileSync(`/proc/${monitor?.pid}/status`, 'utf8');
    expect(Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1])).toBeLessThan(MAX_MONITOR_KB);
  });

  test('start many at once, each with a name of its own', async () => {
    const many = Array.from({ length: 16 }, () => wherry('run', '-d', 'busybox:1', 'sleep', MARKER));
    const ids = (await Promise.all(many)).map((id) => id.trim());
    const names = (await wherry('ps', '--format', '{{.Names}}')).trim().split('\n');
    expect(new Set(names).size).toBe(ids.length);
    await wherry('stop', '-t', '0', ...ids);
    expect(await wherry('ps', '-q')).toBe('');
  });
});

describeWith(needs, 'a store on a small disk', () => {
  const sandbox = new Sandbox();
  const disk = sandbox.directory('disk');
  const root = join(disk, 'root');
  const run = (...args: string[]) => sandbox.try('--root', root, ...args);

  beforeAll(() => void execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'small', disk]));
  afterAll(() => {
    execFileSync('umount', ['-l', disk]);
    sandbox[Symbol.dispose]();
  });

  test('keeps no half of an unpacked layer, and its containers can be stopped and removed', async () => {
    const layout = sandbox.directory('layout');
    const layers = [noisyLayer(1, 22 << 20)];
    await writeImage(layout, { platform: { os: 'linux', architecture: 'amd64' }, layers });
    const loaded = await run('load', '-q', '-i', layout);
    const image = /sha256:([0-9a-f]{64})/.exec(loaded.stdout)?.[1] ?? '';
    const full = await run('run', '--rm', image, 'true');
    expect(full).toMatchObject({ status: 125 });
    expect(full.stderr).toContain('no space left on device');
    expect(readdirSync(join(root, 'snapshots')).sort()).toEqual(['locks', 'uses']);
    expect(tracesOf(root)).toEqual([]);

    await run('import', BUSYBOX, 'busybox:1');
    await run('run', '-d', '--name', 'web', 'busybox:1', 'sleep', MARKER);
    await run('exec', 'web', 'dd', 'if=/dev/zero', 'of=/big', 'bs=64k', 'count=1000');
    const refused = await run('run', '-d', 'busybox:1', 'sleep', MARKER);
    expect(refused).toMatchObject({ status: 125 });
    expect(refused.stderr).toContain('no space left on device');
    expect(await run('stop', '-t', '0', 'web')).toMatchObject({ status: 0, stderr: '' });
    const listed = await run('ps', '-a', '--format', '{{.Names}} {{.State}} {{.Status}}');
    expect(listed.stdout).toMatch(/^web exited Exited \(137\)/);
    expect(await run('rm', 'web')).toMatchObject({ status: 0, stderr: '' });
    await expect.poll(() => [...tracesOf(root), ...processesWith(MARKER)], { timeout: 10_000 }).toEqual([]);
  });
});

function isShell({ command }: { readonly command: string }): boolean {
  return command.startsWith('/bin/sh ');
}
