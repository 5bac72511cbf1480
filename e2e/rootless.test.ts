import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { SHARED } from './images.ts';
import { tarOf } from './layout.ts';
import { describeWith } from './needs.ts';
import { type Result, run, Sandbox, startService, tryRun, WHERRY } from './wherry.ts';

const BUSYBOX = join(SHARED, 'images/busybox-musl-amd64/rootfs.tar.gz');
const programs = ['runc', 'setpriv', 'useradd', 'unshare', 'nsenter', 'newuidmap'];
const needs = { linux: true, root: true, programs, paths: [BUSYBOX] };
const USER = 'wherry-e2e';
/** A user without a name, so without subordinate IDs. */
const NOBODY_KNOWN = '54321';

/** Changes of every kind. The times of what they touch are the same each time. */
const CHANGES = [
  'echo new >/new; echo more >>/etc/passwd; chown 12:34 /new; chmod 4755 /new; mkdir -p /data/x',
  'rm /bin/vi; rm -r /var/spool; rm -r /home; mkdir /home; echo again >/home/inner; chown 65534 /home/inner',
  'mkfifo /data/fifo; ln -s ../new /data/soft; ln /new /data/hard; chown -h 7:8 /data/soft',
  "touch -h -d '2001-02-03 04:05:06' /new /etc/passwd /home/inner /data/* /data /bin /var /home /etc",
].join('; ');

/** What a user who is not root does, in a store of their own. */
class UserSandbox extends Sandbox {
  readonly #user: string;

  constructor(user: string) {
    super();
    this.#user = user;
    execFileSync('chown', ['-R', `${user}:${user}`, this.path]);
  }

  override try(...args: string[]): Promise<Result> {
    return this.tryIn({}, ...args);
  }

  tryIn(env: NodeJS.ProcessEnv, ...args: string[]): Promise<Result> {
    const identity = ['--reuid', this.#user, '--regid', this.#user, '--clear-groups', '--'];
    const options = { env: { ...this.environment, ...env }, cwd: this.path };
    return tryRun(options, 'setpriv', ...identity, process.execPath, WHERRY, ...args);
  }

  /** Processes and mounts of the store, and what lies in it of containers. */
  leftovers(): string[] {
    const inUse = ['containers', 'containers/locks', 'snapshots/uses', 'namespace'].flatMap((name) =>
      existsSync(join(this.root, name)) ? readdirSync(join(this.root, name)) : [],
    );
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
    return [
      ...inUse.filter((name) => name !== 'locks' && name !== 'runtime'),
      ...readdirSync(join(this.root, 'namespace/runtime')),
      ...mounts.filter((line) => line.includes(this.root)),
      ...processesOf(this.#user),
    ];
  }
}

/** Those in the user's namespaces, where root is the user. */
function processesOf(user: string): string[] {
  const uid = /^\d+$/.test(user) ? user : execFileSync('id', ['-u', user], { encoding: 'utf8' }).trim();
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && uidMapOf(pid)[1] === uid);
}

function uidMapOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/uid_map`, 'utf8').trim().split(/\s+/);
  } catch {
    // It has ended.
    return [];
  }
}

describeWith(needs, 'containers of a user who is not root', () => {
  let user: UserSandbox;
  const wherry = (...args: string[]) => user.wherry(...args);
  const expectNothingLeft = () =>
    expect.poll(() => user.leftovers(), { timeout: 10_000, interval: 50 }).toEqual([]);

  beforeAll(async () => {
    if (spawnSync('id', [USER]).status !== 0) await run('useradd', '--no-create-home', USER);
    if (!readFileSync('/etc/subuid', 'utf8').includes(`${USER}:`))
      await run('usermod', '--add-subuids', '700000-765535', '--add-subgids', '700000-765535', USER);
    user = new UserSandbox(USER);
    await wherry('import', '-c', 'CMD ["sh"]', BUSYBOX, 'busybox:1');
  });
  afterAll(async () => {
    user[Symbol.dispose]();
    await run('userdel', USER);
  });

  test('run with an exit code, as root and as others, and leave nothing', async () => {
    const script = 'id -u; stat -c %u:%g /home; su -s /bin/sh nobody -c "id -u"; echo err >&2; exit 7';
    const result = await user.try('run', '--rm', 'busybox:1', 'sh', '-c', script);
    expect(result).toMatchObject({ status: 7, stdout: '0\n65534:65534\n65534\n', stderr: 'err\n' });
    expect(await wherry('run', '--rm', '-u', '1000', '--network', 'none', 'busybox:1', 'id', '-u')).toBe(
      '1000\n',
    );
    const many = [1, 2, 3].map((n) => wherry('run', '--rm', 'busybox:1', 'echo', `${n}`));
    expect(await Promise.all(many)).toEqual(['1\n', '2\n', '3\n']);
    await expectNothingLeft();
  });

  test('are pulled and run at once', async () => {
    using root = new Sandbox();
    const service = await startService(root, root.directory('registry'));
    const image = `${service.address}/busybox:1`;
    await root.wherry('import', BUSYBOX, image);
    await root.wherry('push', image);
    expect(await wherry('run', '--rm', image, 'echo', 'pulled')).toBe('pulled\n');
    await service.stop();
    await wherry('rmi', image);
  });

  test('run in the background, where other commands reach them, also past a holder that was killed', async () => {
    const script = 'echo up; trap "exit 3" TERM; sleep 600 & wait';
    await wherry('run', '-d', '--name', 'web', 'busybox:1', 'sh', '-c', script);
    expect(await wherry('ps', '--format', '{{.Names}}: {{.State}}')).toBe('web: running\n');
    await expect.poll(() => wherry('logs', 'web'), { timeout: 20_000 }).toBe('up\n');
    const holder = JSON.parse(readFileSync(join(user.root, 'namespace/holder.json'), 'utf8'));
    const namespace = readlinkSync(`/proc/${holder.pid}/ns/user`);
    process.kill(holder.pid, 'SIGKILL');
    const more = await user.try('exec', '-u', '5:6', 'web', 'sh', '-c', 'id -u; exit 9');
    expect(more).toMatchObject({ status: 9, stdout: '5\n' });
    const next = JSON.parse(readFileSync(join(user.root, 'namespace/holder.json'), 'utf8'));
    expect(readlinkSync(`/proc/${next.pid}/ns/user`)).toBe(namespace);
    expect(await wherry('top', 'web', '-o', 'pid,args')).toMatch(/\n\d+ +sleep 600\n/);
    const taken = await wherry('stats', '--no-stream', '--format', '{{.MemUsage}} {{.PIDs}}', 'web');
    expect(taken).toMatch(/^[1-9][\d.]*[KM]iB \/ [1-9][\d.]*[GT]iB 2\n$/);
    const limited = await user.try('update', '--cpu-shares', '9', 'web');
    expect([limited.status, limited.stderr]).toEqual([
      1,
      expect.stringContaining('limits of cpu need control groups'),
    ]);
    await wherry('stop', 'web');
    expect(await wherry('wait', 'web')).toBe('3\n');
    await wherry('start', 'web');
    await wherry('rm', '-f', 'web');
    await expectNothingLeft();
  });

  test('are committed to the very layer that root’s are', async () => {
    using root = new Sandbox();
    await root.wherry('import', '-c', 'CMD ["sh"]', BUSYBOX, 'busybox:1');
    const layers: string[][] = [];
    for (const sandbox of [root, user]) {
      await sandbox.wherry('run', '--name', 'c1', 'busybox:1', 'sh', '-c', CHANGES);
      await sandbox.wherry('commit', 'c1', 'made:1');
      layers.push(JSON.parse(await sandbox.wherry('inspect', 'made:1'))[0].RootFS.Layers);
      await sandbox.wherry('rm', 'c1');
    }
    expect(layers[0]).toHaveLength(2);
    expect(layers[1]).toEqual(layers[0]);
    const look = 'stat -c %u:%g:%a /new /data/soft; ls /home; test -e /bin/vi || echo gone';
    expect(await wherry('run', '--rm', 'made:1', 'sh', '-c', look)).toBe(
      '12:34:4755\n7:8:777\ninner\ngone\n',
    );
    await wherry('run', '-d', '--name', 'live', 'busybox:1', 'sleep', '600');
    expect((await user.try('commit', 'live', 'live:1')).stderr).toMatch(/^WARNING: container \w+ goes on/);
    await wherry('rm', '-f', 'live');
    await wherry('rmi', 'made:1', 'live:1');
  });

  test('are refused limits that would not hold', async () => {
    const limits = ['--memory=64m', '--cpus=1', '--pids-limit=9'];
    const refused = await user.try('run', '--rm', ...limits, 'busybox:1', 'true');
    expect(refused).toMatchObject({ status: 125, stdout: '' });
    expect(refused.stderr).toMatch(/^wherry: limits of memory, cpu, pids need control groups, which/);
    expect(await wherry('ps', '-aq')).toBe('');
  });

  test('go with their unpacked layers, whoever owns the files in them', async () => {
    await wherry('run', '--name', 'last', 'busybox:1', 'chown', '5:6', '/etc/passwd');
    await wherry('container', 'prune', '-f');
    await wherry('rmi', 'busybox:1');
    expect(readdirSync(join(user.root, 'snapshots')).sort()).toEqual(['locks', 'uses']);
    expect(await wherry('system', 'check')).toContain('no faults');
    await expectNothingLeft();
  });
});

describeWith(needs, 'without what namespaces need', () => {
  let user: UserSandbox;
  beforeAll(() => {
    user = new UserSandbox(NOBODY_KNOWN);
  });
  afterAll(() => user[Symbol.dispose]());

  test('images of root’s files alone run, and others are refused with the cure', async () => {
    const file = user.file('root.tar');
    const busybox = readFileSync('/bin/busybox');
    writeFileSync(file, tarOf([{ path: 'busybox', content: busybox, mode: 0o755 }]));
    await user.wherry('import', file, 'mine:1');
    const fits = await user.try('run', '--rm', 'mine:1', '/busybox', 'id', '-u');
    expect(fits).toMatchObject({ status: 0, stdout: '0\n' });
    expect(fits.stderr).toMatch(/^WARNING: there is only one user .*apt install uidmap.*\/etc\/subuid/);
    await user.wherry('import', BUSYBOX, 'busybox:1');
    const refused = [
      await user.try('run', '--rm', 'busybox:1', 'true'),
      await user.try('run', '--rm', '-u', '7', 'mine:1', '/busybox', 'true'),
    ];
    for (const { status, stderr } of refused) {
      expect(status).toBe(125);
      expect(stderr).toMatch(
        /\nwherry: .*(?:owner 65534:65534 is not mapped|user 7:0 does not exist) in this/,
      );
      expect(stderr).toContain('apt install uidmap');
    }
    await expect.poll(() => user.leftovers(), { timeout: 10_000, interval: 50 }).toEqual([]);
  });

  test('one line says why there is none', async () => {
    const bin = user.directory('bin');
    writeFileSync(join(bin, 'unshare'), '#!/bin/sh\necho "unshare: Operation not permitted" >&2\nexit 1\n');
    chmodSync(join(bin, 'unshare'), 0o755);
    const without = { PATH: `${bin}:${process.env.PATH}` };
    const refused = await user.tryIn(without, 'run', '--rm', 'mine:1', '/busybox', 'true');
    expect(refused).toMatchObject({ status: 125, stdout: '' });
    expect(refused.stderr).toBe(
      'wherry: running containers without root is not possible: unshare: Operation not permitted\n' +
        'user namespaces must be allowed, or run it as root\n',
    );
    expect((await user.tryIn(without, 'ps', '-aq')).status).toBe(0);
  });
});
