import { type ContainerRecord, type Digest, type Engine, WherryError } from '@wherry/core';
import { describe, expect, test } from 'vitest';
import { NOW, runCli } from '../testing/run-cli.ts';
import { readEnvFile } from './container-env.ts';
import { parseBytes, parseCpus, ulimitOf } from './container-limits.ts';
import { mountOf, tmpfsOf, volumeOf } from './container-mounts.ts';

const ID = 'c0ffee'.padEnd(64, '1');
const IMAGE = `sha256:${'a1'.repeat(32)}` as Digest;

const container: ContainerRecord = {
  id: ID,
  name: 'web',
  createdAt: '2026-11-23T20:59:55.000000000Z',
  imageId: IMAGE,
  imageName: 'busybox',
  argv: ['sh', '-c', 'exit 3; and more words'],
  labels: { k: 'v' },
  config: {},
  options: { network: 'host' },
  ...{ openStdin: false, stdinOnce: false, autoRemove: false, restartCount: 0 },
  state: {
    ...{ status: 'exited', pid: 0, exitCode: 3, oomKilled: false, error: '' },
    startedAt: '2026-11-23T20:59:56Z',
    finishedAt: '2026-11-23T20:59:58Z',
  },
};

/** An engine with these verbs on containers alone. */
function withContainers(verbs: Partial<Engine['containers']>): { readonly engine: Partial<Engine> } {
  return { engine: { containers: verbs as Engine['containers'] } };
}

function unknown(name: string): WherryError {
  return new WherryError('CONTAINER_UNKNOWN', `No such container: ${name}`);
}

describe('wherry run', () => {
  type Run = Engine['containers']['run'];
  const requests: Parameters<Run>[0][] = [];
  const run: Run = async (request) => {
    requests.push(request);
    return { container };
  };

  test('takes flags up to the image, and what follows as the command', async () => {
    const flags = [
      '-d',
      '-e',
      'A=1',
      '-w',
      '/w',
      '--name',
      'web',
      '-h',
      'me',
      '--cap-add',
      'A,B',
      '-m',
      '64m',
    ];
    const outcome = await runCli(
      ['run', ...flags, 'busybox', 'sh', '-c', 'x', '--rm'],
      withContainers({ run }),
    );
    expect(outcome).toMatchObject({ exitCode: 0, stdout: `${ID}\n`, stderr: '' });
    expect(requests.pop()).toMatchObject({
      image: 'busybox',
      name: 'web',
      stdinOnce: false,
      options: {
        command: ['sh', '-c', 'x', '--rm'],
        env: ['A=1'],
        workingDir: '/w',
        hostname: 'me',
        capAdd: ['A', 'B'],
        network: 'host',
        resources: { memoryBytes: 64 << 20 },
      },
    });
  });

  test('ends with the container’s exit code, and stays with it until then', async () => {
    const foreground: Run = async (_, options) => {
      await options?.sink?.('stdout', Buffer.from('out\n'));
      await options?.sink?.('stderr', Buffer.from('err\n'));
      const session = { id: ID, exitCode: Promise.resolve(42) };
      return { container, session: session as never };
    };
    const outcome = await runCli(['run', 'busybox'], withContainers({ run: foreground }));
    expect(outcome).toMatchObject({ exitCode: 42, stdout: 'out\n', stderr: 'err\n' });
  });

  test('tells failures to start in Docker’s form, with their exit codes', async () => {
    const failing = (error: unknown) =>
      runCli(['run', 'busybox', 'nosuch'], withContainers({ run: () => Promise.reject(error) }));
    const missing = new WherryError('FILE_NOT_FOUND', 'no such program', { details: { exitCode: 127 } });
    expect(await failing(missing)).toMatchObject({
      exitCode: 127,
      stderr: "wherry: no such program\n\nRun 'wherry run --help' for more information\n",
    });
    expect((await failing(new WherryError('CONFLICT', 'taken'))).exitCode).toBe(125);
    expect((await failing(new WherryError('CANCELLED', 'cancelled'))).exitCode).toBe(130);
  });

  test.each([
    { flags: ['-p', '80:80'], text: 'ports are not published: with --network host' },
    { flags: ['-P'], text: 'ports are not published' },
    { flags: ['--network', 'bridge'], text: 'network bridge is not offered: use --network host' },
    { flags: ['--pull', 'sometimes'], text: `invalid pull option: 'sometimes': must be one of "always"` },
    { flags: ['--env-file', '/none/env'], text: 'open /none/env: no such file or directory' },
    { flags: ['--security-opt', 'apparmor=x'], text: 'invalid --security-opt: "apparmor=x"' },
    { flags: ['--tmpfs', '/a', '--tmpfs', '/a'], text: 'Duplicate mount point: /a' },
  ])('refuses $flags in one line', async ({ flags, text }) => {
    const outcome = await runCli(['run', ...flags, 'busybox'], withContainers({ run }));
    expect(outcome).toMatchObject({ exitCode: 125, stdout: '' });
    expect(outcome.stderr.startsWith(`wherry: ${text}`)).toBe(true);
    expect(outcome.stderr.split('\n\n')[0]).not.toContain('\n');
  });

  test('knows no flags that do nothing', async () => {
    for (const flag of ['--restart=always', '--gpus=all', '--ip=1.2.3.4'])
      expect((await runCli(['run', flag, 'busybox'])).stderr).toMatch(/^unknown flag: --/);
  });

  test('pulls what is not here, and tells of it on standard error', async () => {
    let isHere = false;
    const { engine } = withContainers({
      run: async () => {
        if (!isHere) throw new WherryError('IMAGE_UNKNOWN', 'No such image: busybox:latest');
        return { container };
      },
    });
    const pull: Engine['pull'] = async ({ ref }) => {
      isHere = true;
      const target = { mediaType: 'm', digest: IMAGE, size: 1 };
      return { ref, target, imageId: IMAGE, status: 'downloaded' };
    };
    const outcome = await runCli(['run', '-d', 'busybox'], { engine: { ...engine, pull } });
    expect(outcome).toMatchObject({ exitCode: 0, stdout: `${ID}\n` });
    expect(outcome.stderr).toBe(
      "Unable to find image 'busybox:latest' locally\nStatus: Downloaded newer image for busybox:latest\n",
    );
    isHere = false;
    const never = await runCli(['run', '--pull', 'never', 'busybox'], { engine });
    expect(never).toMatchObject({ exitCode: 125, stdout: '' });
  });

  test.each([
    { name: 'the flag', argv: ['--disable-content-trust=false'], env: {} },
    { name: 'the environment', argv: [], env: { DOCKER_CONTENT_TRUST: '1' } },
  ])('verifies what is here already when $name asks for content trust', async ({ argv, env }) => {
    const ran: string[] = [];
    const { engine } = withContainers({
      run: async ({ image }) => {
        ran.push(image);
        return { container };
      },
    });
    const pull: Engine['pull'] = async ({ verify }) => {
      throw new WherryError('NOT_TRUSTED', `verified: ${verify}`);
    };
    const setup = { engine: { ...engine, pull }, env };
    const outcome = await runCli(['run', '-d', ...argv, 'busybox'], setup);
    expect(outcome).toMatchObject({ exitCode: 125, stdout: '' });
    expect(outcome.stderr).toContain('verified: true');
    const never = await runCli(['run', '-d', '--pull', 'never', ...argv, 'busybox'], setup);
    expect(never.stderr).toContain("--pull never can't be used with content trust");
    expect(ran).toEqual([]);
    // An ID is the digest of what it names.
    await runCli(['run', '-d', ...argv, IMAGE], setup);
    expect(ran).toEqual([IMAGE]);
  });
});

describe('wherry ps', () => {
  const list = async () => [{ container, image: 'busybox', sizes: { changedBytes: 10, totalBytes: 2000 } }];

  test('prints Docker’s table', async () => {
    const outcome = await runCli(['ps', '-a'], { ...withContainers({ list }), now: NOW });
    expect(outcome.stdout).toBe(
      [
        'CONTAINER ID   IMAGE     COMMAND                  CREATED         STATUS                     PORTS     NAMES',
        `c0ffee111111   busybox   "sh -c 'exit 3; and …"   5 seconds ago   Exited (3) 2 seconds ago             web`,
        '',
      ].join('\n'),
    );
  });

  test.each([
    { flags: ['-q'], want: 'c0ffee111111\n' },
    { flags: ['-q', '--no-trunc'], want: `${ID}\n` },
    { flags: ['--format', '{{.Size}} {{.Labels}} {{.State}}'], want: '10B (virtual 2kB) k=v exited\n' },
  ])('prints $flags', async ({ flags, want }) => {
    expect((await runCli(['ps', ...flags], withContainers({ list }))).stdout).toBe(want);
  });
});

describe('commands on several containers', () => {
  test('do what they can, and tell the rest at the end', async () => {
    const remove: Engine['containers']['remove'] = async ({ container: name }) => {
      if (name === 'none') throw unknown(name);
    };
    const { engine } = withContainers({ remove, start: (name) => Promise.reject(unknown(name)) });
    expect(await runCli(['rm', 'none', 'web'], { engine })).toMatchObject({
      ...{ exitCode: 1, stdout: 'web\n', stderr: 'Error: No such container: none\n' },
    });
    expect((await runCli(['rm', '-f', 'none'], { engine })).exitCode).toBe(0);
    expect(await runCli(['start', 'none'], { engine })).toMatchObject({
      exitCode: 1,
      stderr: 'Error: No such container: none\nError: failed to start containers: none\n',
    });
  });

  test('print exit codes', async () => {
    const wait = async () => 137;
    expect((await runCli(['wait', 'a', 'b'], withContainers({ wait }))).stdout).toBe('137\n137\n');
  });
});

test('wherry logs gives each stream to its own', async () => {
  const { engine } = withContainers({
    inspect: async () => container,
    logs: async function* ({ tail }) {
      expect(tail).toBe(5);
      yield { stream: 'stdout', time: 'T1', text: 'out\n' };
      yield { stream: 'stderr', time: 'T2', text: 'err\n' };
    },
  });
  expect(await runCli(['logs', '-t', '-n', '5', 'web'], { engine })).toMatchObject({
    ...{ stdout: 'T1 out\n', stderr: 'T2 err\n' },
  });
  expect((await runCli(['logs', '--tail', 'x', 'web'], { engine })).stderr).toBe(
    'invalid value for "tail": x\n',
  );
});

describe('values of flags', () => {
  test('are bytes and CPUs', () => {
    for (const [text, bytes] of [
      ['1024', 1024],
      ['64m', 64 << 20],
      ['1.5GiB', 1.5 * 2 ** 30],
    ] as const)
      expect(parseBytes(text, 'memory')).toBe(bytes);
    expect(() => parseBytes('x', 'memory')).toThrow("invalid size: 'x'");
    expect(parseCpus('.5')).toBe(5e8);
    expect(() => parseCpus('many')).toThrow('failed to parse many as a rational number');
  });

  test('are limits', () => {
    expect(ulimitOf('nofile=10')).toEqual({ name: 'nofile', soft: 10, hard: 10 });
    expect(ulimitOf('nofile=10:-1')).toEqual({ name: 'nofile', soft: 10, hard: -1 });
    for (const bad of ['nofile', 'none=1', 'nofile=2:1', 'nofile=x']) expect(() => ulimitOf(bad)).toThrow();
  });

  test('are mounts', () => {
    const bind = { type: 'bind', source: '/a', target: '/b' };
    expect(volumeOf('/a:/b')).toEqual({ ...bind, createSource: true });
    expect(volumeOf('/a:/b:ro,rslave')).toMatchObject({ readOnly: true, propagation: 'rslave' });
    expect(mountOf('type=bind,src=/a,dst=/b,readonly')).toEqual({ ...bind, readOnly: true });
    expect(mountOf('type=tmpfs,target=/t,tmpfs-size=1m')).toEqual({
      ...{ type: 'tmpfs', target: '/t', options: ['size=1m'] },
    });
    expect(tmpfsOf('/t:size=1m,exec')).toEqual({ type: 'tmpfs', target: '/t', options: ['size=1m', 'exec'] });
    for (const bad of ['/a:b', '/a:/b:zz', '/a:/b:ro:x', ':/b']) expect(() => volumeOf(bad)).toThrow();
    for (const bad of [
      'type=bind,dst=/b',
      'type=bind,src=/a',
      'type=volume',
      'type=npipe,dst=/b',
      'what=1',
      'type',
    ])
      expect(() => mountOf(bad)).toThrow();
  });

  test('are variables of a file', () => {
    const text = '\uFEFF# no\n\nA=1\n  B=two words\r\nMINE\nNOT_MINE\n';
    expect(readEnvFile('f', text, { MINE: 'x' })).toEqual(['A=1', 'B=two words', 'MINE=x', 'NOT_MINE']);
    expect(() => readEnvFile('f', '=1\n', {})).toThrow('no variable name on line');
    expect(() => readEnvFile('f', 'a b=1\n', {})).toThrow("variable 'a b' contains whitespaces");
  });
});
