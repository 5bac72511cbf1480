import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { workloadImage } from './images.ts';
import { describeWith } from './needs.ts';
import { Sandbox, tryRun, WHERRY } from './wherry.ts';

const BUSYBOX = fileURLToPath(
  new URL('../../shared/images/busybox-musl-amd64/rootfs.tar.gz', import.meta.url),
);
const needs = { linux: true, root: true, programs: ['runc', 'script'], paths: [BUSYBOX] };
const sandbox = new Sandbox();
const COUNTING = 'i=0; while [ $i -lt 40 ]; do echo line $i; i=$((i+1)); sleep 0.1; done; exit 9';

const wherry = (...args: string[]) => sandbox.wherry(...args);
const ps = (...args: string[]) => wherry('ps', '--format', '{{.Names}}: {{.State}}', ...args);

async function removeAll(): Promise<void> {
  const ids = (await wherry('ps', '-aq')).split('\n').filter((id) => id !== '');
  if (ids.length > 0) await wherry('rm', '-f', ...ids);
}

/** What containers leave in the store's root and in the machine's mounts. */
async function leftovers(): Promise<string[]> {
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  return [
    ...mounts.filter((line) => line.includes(sandbox.root)),
    ...(await readdir(join(sandbox.root, 'containers'))).filter((name) => name !== 'locks'),
    ...(await readdir(join(sandbox.root, 'containers/locks'))),
    ...(await readdir(join(sandbox.root, 'snapshots/uses'))),
  ];
}

/** A process in the background clears away after a container. */
async function expectNothingLeft(): Promise<void> {
  await expect.poll(leftovers, { timeout: 10_000, interval: 100 }).toEqual([]);
}

describeWith(needs, 'containers of busybox', () => {
  beforeAll(async () => {
    await wherry('import', '-c', 'CMD ["sh"]', '-c', 'ENV FROM=image', BUSYBOX, 'busybox:1');
  });
  afterEach(async () => {
    await removeAll();
    await expectNothingLeft();
  });
  afterAll(() => sandbox[Symbol.dispose](), 600_000);

  test('run in the foreground, with their output and exit code', async () => {
    const result = await sandbox.try(
      'run',
      '--rm',
      'busybox:1',
      'sh',
      '-c',
      'echo out; echo err >&2; exit 7',
    );
    expect(result).toMatchObject({ status: 7, stdout: 'out\n', stderr: 'err\n' });
    expect(await ps('-a')).toBe('');
    const input = await sandbox.tryWith({ input: 'a\nb\n' }, 'run', '-i', '--rm', 'busybox:1', 'cat');
    expect(input).toMatchObject({ status: 0, stdout: 'a\nb\n' });
    expect(await wherry('container', 'run', '--rm', 'busybox:1', 'echo', '--rm', '-x')).toBe('--rm -x\n');
  });

  test('give large output whole, and take large input', async () => {
    const large = 'x'.repeat(3_000_000);
    const result = await sandbox.tryWith({ input: large }, 'run', '-i', '--rm', 'busybox:1', 'cat');
    expect(result.stdout.length).toBe(large.length);
    expect(result.status).toBe(0);
  });

  test.each([
    { argv: ['nosuch'], status: 127, text: 'exec: "nosuch": executable file not found in $PATH: unknown' },
    { argv: ['/etc'], status: 126, text: 'exec: "/etc": permission denied: unknown' },
  ])('that cannot start say so with Docker’s code: $argv', async ({ argv, status, text }) => {
    const result = await sandbox.try('run', '--name', 'bad', 'busybox:1', ...argv);
    expect(result).toMatchObject({ status, stdout: '' });
    expect(result.stderr).toContain(`unable to start container process: ${text}\n`);
    expect(result.stderr).toMatch(/^wherry: failed to create shim task: .*\n\nRun 'wherry run --help' for/);
    expect(await ps('-a')).toBe('bad: created\n');
  });

  test('get environment, user, directory and mounts', async () => {
    const directory = sandbox.directory('volume');
    await writeFile(join(directory, 'file'), 'from host\n');
    const envFile = sandbox.file('env');
    await writeFile(envFile, '# comment\nB=from file\nHOST_VAR\n');
    const { stdout, stderr, status } = await sandbox.tryWith(
      { env: { HOST_VAR: 'mine' } },
      ...['run', '--rm', '-e', 'A=1', '--env-file', envFile, '-w', '/new/dir', '-u', '1234:5678'],
      ...['-v', `${directory}:/m:ro`, '--tmpfs', '/t', '--hostname', 'me', '--entrypoint', 'sh', 'busybox:1'],
      ...['-c', 'echo $A $B $HOST_VAR $FROM; pwd; id; hostname; cat /m/file; touch /m/x'],
    );
    expect(stdout).toBe('1 from file mine image\n/new/dir\nuid=1234 gid=5678 groups=5678\nme\nfrom host\n');
    expect(stderr).toMatch(/Read-only file system/);
    expect(status).toBe(1);
  });

  test('have the host’s network, or none', async () => {
    const devices = (...args: string[]) =>
      wherry('run', '--rm', ...args, 'busybox:1', 'sh', '-c', 'ls /sys/class/net | wc -l');
    expect(Number(await devices())).toBeGreaterThanOrEqual((await readdir('/sys/class/net')).length);
    expect(await devices('--network', 'none')).toBe('1\n');
    for (const args of [
      ['-p', '80:80'],
      ['--network', 'bridge'],
    ]) {
      const refused = await sandbox.try('run', '--rm', ...args, 'busybox:1');
      expect(refused.status).toBe(125);
      expect(refused.stderr).toContain('--network host');
    }
  });

  test('run in the background, with a log', async () => {
    const id = (
      await wherry('run', '-d', '--name', 'web', '--label', 'k=v', 'busybox:1', 'sh', '-c', COUNTING)
    ).trim();
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    expect(await ps()).toBe('web: running\n');
    expect(await ps('-f', 'label=k=v', '-f', 'status=running')).toBe('web: running\n');
    expect((await sandbox.try('rm', 'web')).stderr).toBe(
      `Error: You cannot remove a running container ${id}. Stop the container before attempting removal or force remove\n`,
    );
    const conflict = await sandbox.try('run', '--name', 'web', 'busybox:1');
    expect(conflict.status).toBe(125);
    expect(conflict.stderr).toContain(`The container name "/web" is already in use by container "${id}".`);
    const followed = wherry('logs', '-f', 'web');
    expect(await wherry('wait', 'web')).toBe('9\n');
    expect((await followed).split('\n')).toHaveLength(41);
    expect(await wherry('logs', '-n', '1', id.slice(0, 8))).toBe('line 39\n');
    expect(await ps('-a')).toBe('web: exited\n');
    expect(await wherry('start', 'web')).toBe('web\n');
    expect(await wherry('stop', '-t', '0', 'web')).toBe('web\n');
    expect(await wherry('wait', 'web')).toBe('137\n');
    expect(await wherry('rm', 'web')).toBe('web\n');
  });

  test('keep what they changed', async () => {
    await wherry('run', '--name', 'kept', 'busybox:1', 'sh', '-c', 'cat /file; echo more >>/file');
    expect(await wherry('start', '-a', 'kept')).toBe('more\n');
    expect(await wherry('logs', 'kept')).toContain('more\n');
    expect(await wherry('ps', '-as', '--format', '{{.Size}}')).toMatch(/^10B \(virtual /);
  });

  test('are created, started, killed, and removed by --rm', async () => {
    await wherry('create', '--name', 'one', '--rm', '--init', 'busybox:1', 'sleep', '600');
    expect(await ps('-a')).toBe('one: created\n');
    expect((await sandbox.try('kill', 'one')).stderr).toMatch(
      /Cannot kill container: one: .* is not running/,
    );
    await wherry('start', 'one');
    expect(await wherry('kill', '-s', 'TERM', 'one')).toBe('one\n');
    await expect.poll(() => ps('-a'), { timeout: 10_000 }).toBe('');
  });

  test('have a terminal', async () => {
    const typed = `'${process.execPath}' '${WHERRY}' run -it --rm busybox:1 sh -c 'read x; echo "got $x"; exit 4'`;
    const result = await tryRun(
      { env: sandbox.environment, input: 'hello\n' },
      ...(['script', '-qec', typed, '/dev/null'] as const),
    );
    expect(result.stdout).toMatch(/got hello\r\n/);
    expect(result.status).toBe(4);
    const refused = await sandbox.try('run', '-it', '--rm', 'busybox:1');
    expect(refused).toMatchObject({ status: 1, stderr: 'the input device is not a TTY\n' });
  });

  test('run more processes, restart, and get other names', async () => {
    await wherry('run', '-d', '--init', '--name', 'web', '-e', 'A=1', 'busybox:1', 'sleep', '600');
    const more = await sandbox.try(
      ...['exec', '-e', 'B=2', '-w', '/tmp', '-u', '1234', 'web'],
      ...['sh', '-c', 'echo $A $B; pwd; id -u; grep CapEff /proc/self/status; echo err >&2; exit 9'],
    );
    expect(more).toMatchObject({ status: 9, stderr: 'err\n' });
    expect(more.stdout).toMatch(/^1 2\n\/tmp\n1234\nCapEff:\s0+\n$/);
    expect((await sandbox.tryWith({ input: 'in\n' }, 'exec', '-i', 'web', 'cat')).stdout).toBe('in\n');
    expect((await sandbox.try('exec', 'web', 'nosuch')).status).toBe(127);
    await wherry('restart', '-t', '2', 'web');
    expect(await ps()).toBe('web: running\n');
    await wherry('rename', 'web', 'site');
    await wherry('kill', 'site');
    await wherry('wait', 'site');
    expect((await sandbox.try('exec', 'site', 'true')).stderr).toMatch(
      /^Error: Container \w+ is not running/,
    );
    expect(await wherry('container', 'prune', '-f')).toMatch(
      /^Deleted Containers:\n\w{64}\n\nTotal reclaimed/,
    );
  });

  test('are attached to, and show their processes', async () => {
    const script = 'while read x; do echo "got $x"; done; exit 5';
    await wherry('run', '-d', '-i', '--name', 'web', 'busybox:1', 'sh', '-c', script);
    expect(await wherry('top', 'web', '-o', 'pid,args')).toMatch(/^PID +COMMAND\n\d+ +sh -c while read/);
    const ticking = 'while true; do echo tick; sleep 0.1; done';
    await wherry('run', '-d', '--name', 'clock', 'busybox:1', 'sh', '-c', ticking);
    const attached = sandbox.start('attach', '--no-stdin', 'clock');
    await expect.poll(() => attached.stdout, { timeout: 20_000 }).toContain('tick');
    await wherry('stop', '-t', '0', 'clock');
    expect((await attached.result).status).toBe(137);
    await wherry('rm', '-f', 'web');
    await wherry('create', '-i', '--name', 'typed', 'busybox:1', 'sh', '-c', script);
    await wherry('start', 'typed');
    const typed = await sandbox.tryWith({ input: 'hello\n' }, 'attach', 'typed');
    expect(typed).toMatchObject({ stdout: 'got hello\n', status: 5 });
    expect((await sandbox.try('attach', 'typed')).stderr).toContain(
      'You cannot attach to a stopped container',
    );
  });

  test('are paused, whoever looks, until they are unpaused or ended', async () => {
    const script = 'trap "exit 5" TERM; i=0; while true; do i=$((i+1)); echo $i >/count; sleep 0.05; done';
    await wherry('run', '-d', '--name', 'web', 'busybox:1', 'sh', '-c', script);
    const count = async () => {
      const [upper] = (await wherry('inspect', '-f', '{{.GraphDriver.Data.UpperDir}}', 'web')).split('\n');
      return (await readFile(join(upper ?? '', 'count'), 'utf8')).trim();
    };
    await expect.poll(count, { timeout: 20_000 }).toMatch(/\d/);
    expect(await wherry('pause', 'web')).toBe('web\n');
    expect(await wherry('ps', '-f', 'status=paused', '--format', '{{.Status}}')).toMatch(/ \(Paused\)\n$/);
    const before = await count();
    expect((await sandbox.try('exec', 'web', 'true')).stderr).toMatch(
      /^Error: Container web is paused, unpause the container before exec\n/,
    );
    expect((await sandbox.try('pause', 'web')).stderr).toMatch(
      /^Error: Container \w{64} is already paused\n/,
    );
    expect((await sandbox.try('rm', 'web')).stderr).toContain('Unpause and then stop the container');
    // A commit leaves it as the user wants it.
    await wherry('commit', 'web', 'made:1');
    expect(await ps()).toBe('web: paused\n');
    expect(await count()).toBe(before);
    expect(await wherry('container', 'unpause', 'web')).toBe('web\n');
    await expect.poll(count, { timeout: 20_000 }).not.toBe(before);
    await wherry('pause', 'web');
    expect(await wherry('stop', '-t', '60', 'web')).toBe('web\n');
    expect(await wherry('inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', 'web')).toBe('exited 5\n');
    await wherry('start', 'web');
    await wherry('pause', 'web');
    expect(await wherry('rm', '-f', 'web')).toBe('web\n');
    await wherry('rmi', 'made:1');
  });

  test('run processes in the background, and have what the options give', async () => {
    await wherry(
      ...['run', '-d', '--init', '--name', 'web', '--network', 'none', '--pid', 'host', '--dns', '9.9.9.9'],
      ...[
        '--sysctl',
        'kernel.shmmax=12345',
        '--domainname',
        'here',
        '--shm-size',
        '3m',
        '--cpu-shares',
        '77',
      ],
      ...['--device', '/dev/null:/dev/void:r', '--oom-score-adj', '9', '--cgroup-parent', 'wherry/e2e'],
      ...['--log-opt', 'max-size=1k', '--log-opt', 'max-file=2', '--expose', '80', '--annotation', 'a=b'],
      ...['busybox:1', 'sleep', '600'],
    );
    const script = [
      'cat /etc/resolv.conf /proc/sys/kernel/shmmax /proc/sys/kernel/domainname /proc/self/oom_score_adj',
      'df -k /dev/shm | tail -1; ls -l /dev/void; cat /proc/1/comm; cat /proc/self/cgroup',
    ].join('; ');
    const seen = await wherry('exec', 'web', 'sh', '-c', script);
    expect(seen).toMatch(/^nameserver 9\.9\.9\.9\n12345\nhere\n9\n/);
    expect(seen).toMatch(/\s3072 .*\/dev\/shm\ncrw/);
    expect(seen).not.toContain('sleep\n');
    expect(await wherry('container', 'inspect', '-f', '{{.HostConfig.CgroupParent}} {{.Path}}', 'web')).toBe(
      'wherry/e2e sleep\n',
    );
    expect(await wherry('exec', '-d', 'web', 'sh', '-c', 'echo one >/made; sleep 600')).toBe('');
    expect(await wherry('exec', '-dt', 'web', 'sh', '-c', 'tty >/tty; sleep 600')).toBe('');
    const made = () => wherry('exec', 'web', 'sh', '-c', 'cat /made /tty');
    await expect.poll(made, { timeout: 20_000 }).toMatch(/^one\n\/dev\/pts\/\d+\n$/);
    for (const flag of ['-d', '-dt'])
      expect(await sandbox.try('exec', flag, 'web', 'nosuch')).toMatchObject({ status: 1, stdout: '' });
    // The shell is left alone with what it does next.
    const typed = `'${process.execPath}' '${WHERRY}' exec -it --detach-keys @ web sh -c 'read x; echo $x >/left; sleep 600; true'`;
    const left = await tryRun(
      { env: sandbox.environment, input: 'typed\n@\n' },
      ...(['script', '-qec', typed, '/dev/null'] as const),
    );
    expect(left.status).toBe(0);
    const typedText = () => wherry('exec', 'web', 'sh', '-c', 'cat /left || true');
    await expect.poll(typedText, { timeout: 20_000 }).toBe('typed\n');
    expect(await wherry('exec', 'web', 'sh', '-c', 'ps | grep -c "[r]ead x"')).toBe('1\n');
  });

  test('run twenty at once', async () => {
    const numbers = Array.from({ length: 20 }, (_, index) => index);
    const outputs = await Promise.all(numbers.map((n) => wherry('run', '--rm', 'busybox:1', 'echo', `${n}`)));
    expect(outputs).toEqual(numbers.map((n) => `${n}\n`));
  });

  test('go on when wherry is killed, and are seen as they are', async () => {
    const victim = sandbox.start('run', '--name', 'orphan', 'busybox:1', 'sh', '-c', COUNTING);
    await expect.poll(() => victim.stdout, { timeout: 20_000 }).toContain('line 1');
    await victim.kill('SIGKILL');
    expect(await ps()).toBe('orphan: running\n');
    const printed = victim.stdout.trimEnd().split('\n').length;
    // The list gives it a new monitor, which takes what has been printed meanwhile.
    const logged = async () => {
      await ps();
      return wherry('logs', 'orphan');
    };
    await expect.poll(logged, { timeout: 20_000 }).toContain(`line ${printed + 1}\n`);
    expect(await wherry('wait', 'orphan')).toBe('9\n');
    expect(await ps('-a')).toBe('orphan: exited\n');
    await expect.poll(() => wherry('logs', '-n', '1', 'orphan')).toBe('line 39\n');
  });

  test('of --rm are removed by the next list when wherry was killed', async () => {
    const victim = sandbox.start('run', '--rm', 'busybox:1', 'sh', '-c', 'echo up; sleep 1');
    await expect.poll(() => victim.stdout, { timeout: 20_000 }).toContain('up');
    await victim.kill('SIGKILL');
    await expect.poll(() => ps('-a'), { timeout: 20_000 }).toBe('');
  });

  test('end with a run that is told to end', async () => {
    const running = sandbox.start('run', '--rm', '--init', 'busybox:1', 'sh', '-c', 'echo up; sleep 600');
    await expect.poll(() => running.stdout, { timeout: 20_000 }).toContain('up');
    expect((await running.kill('SIGTERM')).status).toBe(143);
  });

  test('are counted by system df, and their unpacked layers go with the image', async () => {
    await wherry('run', '-d', '--init', '--name', 'web', 'busybox:1', 'sleep', '600');
    const df = await wherry('system', 'df', '--format', '{{.Type}} {{.TotalCount}} {{.Active}}');
    expect(df).toMatch(/^Containers 1 1$/m);
    await removeAll();
    const snapshots = async () =>
      (await readdir(join(sandbox.root, 'snapshots'))).filter((name) => /^[0-9a-f]{64}$/.test(name));
    expect(await snapshots()).toHaveLength(1);
    await wherry('rmi', '-f', 'busybox:1');
    expect(await snapshots()).toHaveLength(0);
    await wherry('import', '-c', 'CMD ["sh"]', '-c', 'ENV FROM=image', BUSYBOX, 'busybox:1');
  });

  test('keep their image from a prune', async () => {
    await wherry('run', '--name', 'user', 'busybox:1', 'true');
    await wherry('image', 'prune', '-af');
    expect(await wherry('images', '-q')).not.toBe('');
  });
});

describeWith({ ...needs, images: ['debian'] }, 'containers of debian', () => {
  test('run what is in many files, with its users and programs', async () => {
    using own = new Sandbox();
    await own.wherry('load', '-i', workloadImage('debian').layout);
    const [image = ''] = (await own.wherry('images', '-q')).split('\n');
    const script = 'cat /etc/debian_version; id -un nobody; touch /root/x && ls /root/x';
    expect(await own.wherry('run', '--rm', image, 'bash', '-c', script)).toMatch(/\nnobody\n\/root\/x\n$/);
    expect(await own.wherry('ps', '-aq')).toBe('');
  });
});
