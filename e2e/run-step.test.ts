import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type RunOptions, type RunStep, runStep } from '../packages/core/src/build/run/run-step.ts';
import { openRuntime } from '../packages/core/src/runtime/oci-runtime.ts';
import { readHostFacts } from '../packages/core/src/runtime/spec/host-facts.ts';
import { mountsBelow, names, processesWith } from './container-traces.ts';
import { describeWith } from './needs.ts';

const BUSYBOX = fileURLToPath(
  new URL('../../shared/images/busybox-musl-amd64/rootfs.tar.gz', import.meta.url),
);
const MODULE = new URL('../packages/core/src/build/run/run-step.ts', import.meta.url).href;
const needs = { linux: true, root: true, programs: ['runc', 'unshare'], paths: [BUSYBOX] };

let root: string;
let lower: string;
let at: (...names: string[]) => string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'wherry-run-step-'));
  at = (...parts) => join(root, ...parts);
  lower = at('lower');
  mkdirSync(lower);
  execFileSync('tar', ['-xzf', BUSYBOX, '-C', lower]);
});
afterAll(() => rm(root, { recursive: true, force: true }));

let scratch: string;
beforeEach(async () => {
  scratch = await mkdtemp(at('steps-'));
});
afterEach(() => {
  expect(names(scratch)).toEqual([]);
  expect(mountsBelow(root)).toEqual([]);
  expect(processesWith(root)).toEqual([]);
});

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly layer: Buffer;
  /** Names in it. */
  readonly changed: readonly string[];
}

const CGROUP = existsSync('/sys/fs/cgroup/cgroup.controllers') ? '/sys/fs/cgroup' : '/sys/fs/cgroup/pids';

async function run(more: Partial<RunStep>, options: RunOptions = {}): Promise<Ran> {
  const said = { stdout: '', stderr: '' };
  const id = randomBytes(32).toString('hex');
  const deps = {
    ...{ scratch, caches: at('caches'), host: readHostFacts() },
    runtime: (stateDirectory: string) => openRuntime({ stateDirectory }),
  };
  const base = { layers: [{ directory: lower, opaque: [] }], env: [], cwd: '/', user: '', epoch: 1000 };
  try {
    await using result = await runStep(
      deps,
      { id, args: ['true'], ...base, ...more },
      {
        onOutput: (stream, chunk) => {
          said[stream] += Buffer.from(chunk).toString();
        },
        ...options,
      },
    );
    const layer = Buffer.concat(await Array.fromAsync(result.changes()));
    const listed = execFileSync('tar', ['-t'], { input: layer, encoding: 'utf8' });
    const changed = listed.split('\n').filter((name) => name !== '');
    return { code: result.exitCode, ...said, layer, changed };
  } finally {
    expect(existsSync(join(CGROUP, 'wherry', id))).toBe(false);
  }
}

const sh = (script: string, more: Partial<RunStep> = {}, options: RunOptions = {}) =>
  run({ args: ['/bin/sh', '-c', script], ...more }, options);

describeWith(needs, 'a step of a build', () => {
  test('prints, ends with a code, and leaves what it changed alone', async () => {
    const script = 'echo out; echo err >&2; echo own > /dev/stderr; touch /bin/new; rm /bin/vi; exit 7';
    const ran = await sh(script);
    expect(ran).toMatchObject({ code: 7, stdout: 'out\n', stderr: 'err\nown\n' });
    expect(ran.changed).toEqual(['bin/', 'bin/new', 'bin/.wh.vi']);
    await sleep(1100);
    expect((await sh(script)).layer.equals(ran.layer)).toBe(true);
    expect(await sh('true')).toMatchObject({ code: 0, changed: [] });
  });

  test('has a name, hosts and limits of its own, of which its layer knows nothing', async () => {
    const { stdout, changed } = await sh(
      'hostname; tail -n1 /etc/hosts; ulimit -n; id -u; pwd; echo $A$HOME',
      {
        ...{ hostname: 'me', extraHosts: ['a.b:10.1.2.3'], env: ['A=b'], user: '33', cwd: '/w/d' },
        ulimits: [{ name: 'nofile', soft: 77, hard: 77 }],
      },
    );
    expect(stdout).toBe('me\n10.1.2.3\ta.b\n77\n33\n/w/d\nb/var/www\n');
    expect(changed).toEqual(['w/', 'w/d/']);
    const alone = await sh('ip link | grep -c ^[0-9]; grep Seccomp: /proc/self/status', { network: 'none' });
    expect(alone.stdout).toBe('1\nSeccomp:\t2\n');
    const bold = await sh('grep Seccomp: /proc/self/status; ls /dev/loop-control /dev/null', {
      security: 'insecure',
    });
    expect(bold.stdout).toMatch(/^Seccomp:\t0\n/);
  });

  test('does not start without its program', async () => {
    const prefix =
      'failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec:';
    const none = { layers: [] };
    await expect(sh('x', none)).rejects.toMatchObject({
      message: `${prefix} "/bin/sh": stat /bin/sh: no such file or directory: unknown`,
      details: { exitCode: 127 },
    });
    await expect(run({ args: ['nosuchcmd', 'x'] })).rejects.toMatchObject({
      message: `${prefix} "nosuchcmd": executable file not found in $PATH: unknown`,
    });
    const deps = () => openRuntime({ stateDirectory: '', name: 'none' });
    expect(deps).toThrow('unknown or invalid runtime name: none');
    await expect(sh('x', { user: 'nobody-here' })).rejects.toThrow('unable to find user nobody-here');
  });

  test('sees files that are mounted, and changes none of them', async () => {
    mkdirSync(at('context/d'), { recursive: true });
    writeFileSync(at('context/d/f'), 'text\n');
    symlinkSync('/etc/../../../d', at('context/link'));
    const files = { kind: 'directory', directory: at('context') } as const;
    const layers = { kind: 'layers', layers: [{ directory: lower, opaque: [] }] } as const;
    const ran = await sh(
      `cat /mnt/a/d/f /file; touch /mnt/a/new 2>&1; touch /mnt/b/d/new; ls /mnt/b/d /mnt/c /link; ls /busy | head -n1`,
      {
        mounts: [
          { type: 'bind', files, target: '/mnt/a' },
          { type: 'bind', files, target: '/mnt/b', isWritable: true },
          { type: 'bind', files, source: 'd/f', target: '/file' },
          { type: 'bind', files, source: '/link', target: '/link', isWritable: true },
          { type: 'bind', files: layers, source: 'bin', target: '/busy' },
          { type: 'tmpfs', target: '/mnt/c', size: 1 << 20 },
        ],
      },
    );
    expect(ran).toMatchObject({ stderr: '', changed: [] });
    expect(ran.stdout).toBe(
      'text\ntext\ntouch: /mnt/a/new: Read-only file system\n/link:\nf\n\n/mnt/b/d:\nf\nnew\n\n/mnt/c:\n[\n',
    );
    expect(readdirSync(at('context/d'))).toEqual(['f']);
    const kept = await sh('touch /mnt/mine', { mounts: [{ type: 'bind', files, target: '/mnt/a' }] });
    expect(kept.changed).toEqual(['mnt/', 'mnt/mine']);
    await expect(
      sh('true', { mounts: [{ type: 'bind', files, source: '../no', target: '/a' }] }),
    ).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  });

  test('keeps caches, each as it is shared', async () => {
    const cache = { type: 'cache', id: 'one', target: '/c' } as const;
    const initial = { files: { kind: 'directory', directory: at('start') } } as const;
    mkdirSync(at('start'), { recursive: true });
    writeFileSync(at('start/first'), '');
    const made = { ...cache, sharing: 'locked', uid: 7, mode: 0o750, initial } as const;
    const slow = (mark: string) => `touch /c/${mark}; n=0; while [ -e /c/${mark} ] && [ $n -lt 20 ]; do
      sleep 0.05; n=$((n+1)); done; ls /c`;
    expect((await sh('stat -c %a.%u /c; ls /c; touch /c/a', { mounts: [made] })).stdout).toBe(
      '750.7\nfirst\n',
    );
    // The second one comes when the first has ended: it never sees its mark go.
    const both = await Promise.all(
      ['x', 'y'].map((mark) =>
        sh(`[ -e /c/busy ] && echo together; touch /c/busy; sleep 0.2; rm /c/busy`, { mounts: [made] }).then(
          ({ stdout }) => `${mark}${stdout}`,
        ),
      ),
    );
    expect(both).toEqual(['x', 'y']);
    const shared = { ...cache, id: 'two', sharing: 'shared' } as const;
    const [, waited] = await Promise.all([
      sh(slow('s'), { mounts: [shared] }),
      sh('n=0; until [ -e /c/s ] || [ $n -gt 60 ]; do sleep 0.05; n=$((n+1)); done; rm /c/s && echo met', {
        mounts: [shared],
      }),
    ]);
    expect(waited.stdout).toBe('met\n');
    const own = { ...cache, id: 'three', sharing: 'private' } as const;
    await Promise.all([1, 2].map(() => sh('touch /c/$$; sleep 0.3; ls /c | wc -l', { mounts: [own] }))).then(
      (each) => expect(each.map(({ stdout }) => stdout)).toEqual(['1\n', '1\n']),
    );
    expect((await sh('ls /c | wc -l', { mounts: [own] })).stdout).toBe('1\n');
  });

  test('gets secrets and an agent, and leaves none of them', async () => {
    const socket = at('agent.sock');
    const agent = createServer();
    await new Promise<void>((resolve) => agent.listen(socket, resolve));
    try {
      const value = Buffer.from('hidden-text');
      const running = sh(
        'stat -c %a.%u /run/secrets/s; cat /run/secrets/s; echo $S; stat -c %F.%a.%u $SSH_AUTH_SOCK; sleep 0.3',
        {
          user: '12',
          mounts: [
            { type: 'secret', value, target: '/run/secrets/s', uid: 12 },
            { type: 'secret', value, env: 'S' },
            { type: 'ssh', socket, target: '/run/buildkit/ssh_agent.0', uid: 12 },
          ],
        },
      );
      await sleep(250);
      const grep = () => execFileSync('grep', ['-rls', '--devices=skip', 'hidden-text', root]);
      expect(grep).toThrow();
      expect(await running).toMatchObject({
        stdout: expect.stringMatching(/^400.12\nhidden-texthidden-text\nsocket.600.12\n$/),
        changed: [],
      });
    } finally {
      agent.close();
    }
  });

  test('that puts a link in the place of what was made for a mount leads us nowhere', async () => {
    mkdirSync(at('victim'), { recursive: true });
    writeFileSync(at('victim/c'), '');
    const ran = await sh(`mv /m /moved; ln -s ${at('victim')} /m`, {
      mounts: [{ type: 'tmpfs', target: '/m/c' }],
    });
    expect(ran.changed).toEqual(['m', 'moved/', 'moved/.wh..wh..opq', 'moved/c/']);
    expect(readdirSync(at('victim'))).toEqual(['c']);
  });

  test('works on copies where no overlay can be mounted', async () => {
    const warnings: string[] = [];
    const below = at('overlay');
    for (const name of ['up', 'work', 'shown']) mkdirSync(join(below, name), { recursive: true });
    execFileSync('mount', [
      '-t',
      'overlay',
      '-o',
      `lowerdir=${lower},upperdir=${below}/up,workdir=${below}/work`,
      'x',
      `${below}/shown`,
    ]);
    const kept = scratch;
    try {
      scratch = join(below, 'shown/steps');
      const files = { kind: 'directory', directory: at('context') } as const;
      const ran = await sh(
        'touch /bin/new; rm /bin/vi; touch /mnt/b/x; ls /mnt/b',
        {
          mounts: [{ type: 'bind', files, target: '/mnt/b', isWritable: true }],
        },
        { onWarning: (message) => warnings.push(message) },
      );
      expect(ran).toMatchObject({ stdout: 'd\nlink\nx\n', changed: ['bin/', 'bin/new', 'bin/.wh.vi'] });
      expect(warnings).toEqual([expect.stringContaining('its files are copied instead')]);
    } finally {
      scratch = kept;
      execFileSync('umount', [`${below}/shown`]);
    }
  });

  test('ends when it is cancelled', async () => {
    for (const script of ['echo up; sleep 100', 'trap "" TERM INT; echo up; sleep 100 & wait']) {
      const controller = new AbortController();
      const running = sh(script, {}, { signal: controller.signal, onOutput: () => controller.abort() });
      await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
    }
    for (const ms of [0, 3, 6, 9, 12, 15, 20, 30, 40])
      await expect(sh('sleep 100', {}, { signal: AbortSignal.timeout(ms) })).rejects.toMatchObject({
        code: 'CANCELLED',
      });
  });

  test('ends with the process that runs it, at any point', async () => {
    const script = at('killed.mjs');
    writeFileSync(
      script,
      `import { runStep } from ${JSON.stringify(MODULE)};
      import { openRuntime } from ${JSON.stringify(MODULE.replace('build/run/run-step', 'runtime/oci-runtime'))};
      import { readHostFacts } from ${JSON.stringify(MODULE.replace('build/run/run-step', 'runtime/spec/host-facts'))};
      const [scratch, caches, lower, id] = process.argv.slice(2);
      console.log('begins');
      await runStep(
        { scratch, caches, host: readHostFacts(), runtime: (stateDirectory) => openRuntime({ stateDirectory }) },
        { id, layers: [{ directory: lower, opaque: [] }], args: ['/bin/sh', '-c', 'echo runs; sleep 100'],
          env: [], cwd: '/', user: '' },
        { onOutput: () => console.log('runs') },
      );`,
    );
    for (const [word, ms] of [
      ['begins', 2],
      ['begins', 15],
      ['begins', 30],
      ['runs', 0],
    ] as const) {
      const id = randomBytes(32).toString('hex');
      const child = spawn(
        process.execPath,
        ['--disable-warning=ExperimentalWarning', script, scratch, at('caches'), lower, id],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      await new Promise<void>((resolve) =>
        child.stdout.on('data', (text) => `${text}`.includes(word) && resolve()),
      );
      await sleep(ms);
      child.kill('SIGKILL');
      await expect.poll(() => processesWith(scratch), { timeout: 5000 }).toEqual([]);
      expect(existsSync(join(CGROUP, 'wherry', id))).toBe(false);
    }
    await rm(scratch, { recursive: true });
    mkdirSync(scratch);
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(scratch);
  });
});
