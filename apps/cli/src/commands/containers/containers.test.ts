import { type ContainerRecord, type Digest, type Engine, WherryError } from '@wherry/core';
import { describe, expect, test } from 'vitest';
import { NOW, runCli } from '../../testing/run-cli.ts';
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

  test.each([
    { argv: ['run'], attached: ['stdout', 'stderr'] },
    { argv: ['run', '-i'], attached: ['stdin', 'stdout', 'stderr'] },
    { argv: ['run', '-d', '-i'], attached: [] },
    { argv: ['create', '-i'], attached: ['stdin', 'stdout', 'stderr'] },
  ])('notes what $argv takes part in, as Docker does', async ({ argv, attached }) => {
    const create: Engine['containers']['create'] = async (request) => {
      requests.push(request);
      return container;
    };
    await runCli([...argv, 'busybox'], withContainers({ create, run }));
    expect(requests.pop()).toMatchObject({ attached });
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

  test.each([
    { flags: ['--gpus=all'], text: '--gpus needs a hook of the vendor in the runtime' },
    { flags: ['--ip', '1.2.3.4'], text: '--ip needs a bridge network, which is not offered: use --network' },
    { flags: ['--storage-opt=size=1g'], text: '--storage-opt needs quotas of the file system' },
    { flags: ['--use-api-socket'], text: '--use-api-socket gives a daemon’s socket to the container' },
    { flags: ['--restart=always'], text: '--restart always needs a daemon' },
    { flags: ['--restart=x'], text: "invalid restart policy 'x'" },
    { flags: ['--restart=always', '--rm'], text: 'conflicting options: cannot specify both --restart and' },
    { flags: ['--isolation=hyperv'], text: 'Invalid isolation: "hyperv" - linux only supports \'default\'' },
    { flags: ['--pid=x'], text: '--pid: invalid PID mode' },
    { flags: ['--pid=container:x'], text: '--pid container:x is not offered: share the host' },
    { flags: ['--uts=host', '-h', 'x'], text: 'conflicting options: hostname and the UTS mode' },
    { flags: ['--userns=x'], text: '--userns: invalid USER mode' },
    { flags: ['--cgroupns=x'], text: '--cgroupns: invalid CGROUP mode' },
    { flags: ['--ipc=x'], text: 'invalid IPC mode: x' },
    { flags: ['-a', 'x'], text: 'invalid argument "x" for "-a, --attach" flag: valid streams are STDIN' },
    { flags: ['-d', '-a', 'stdout'], text: 'conflicting options: cannot specify both --attach and --detach' },
    { flags: ['-a', 'stdin'], text: '--attach stdin alone is not offered' },
    { flags: ['--device', '/dev/a:/dev/b:z'], text: 'bad mode specified: z' },
    { flags: ['--device-cgroup-rule', 'x'], text: 'invalid argument "x" for "--device-cgroup-rule" flag' },
    {
      flags: ['--device-read-bps', 'x'],
      text: 'invalid argument "x" for "--device-read-bps" flag: bad format',
    },
    {
      flags: ['--device-read-iops', '/dev/a:x'],
      text: 'invalid argument "/dev/a:x" for "--device-read-iops"',
    },
    { flags: ['--blkio-weight-device', '/dev/a:5'], text: 'invalid argument "/dev/a:5" for "--blkio-weight' },
    { flags: ['--memory-swappiness', '101'], text: 'invalid value: 101. Valid memory swappiness range is' },
    { flags: ['--dns', 'x'], text: 'invalid argument "x" for "--dns" flag: IP address is not correctly' },
    { flags: ['--sysctl', 'vm.x=1'], text: 'invalid argument "vm.x=1" for "--sysctl" flag: sysctl' },
    { flags: ['--annotation', 'x'], text: 'invalid argument "x" for "--annotation" flag' },
    { flags: ['--expose', 'x'], text: 'invalid range format for --expose: x, error: strconv.ParseUint' },
    { flags: ['--health-cmd=x', '--no-healthcheck'], text: '--no-healthcheck conflicts with --health-*' },
    {
      flags: ['--health-interval=x'],
      text: 'invalid argument "x" for "--health-interval" flag: time: invalid',
    },
    { flags: ['--health-interval=1us'], text: 'Interval in Healthcheck cannot be less than 1ms' },
    { flags: ['--health-retries=-1'], text: '--health-retries cannot be negative' },
    { flags: ['--log-driver=syslog'], text: '--log-driver syslog is not offered: use json-file, or none' },
    { flags: ['--log-opt=x=1'], text: "unknown log opt 'x' for json-file log driver" },
    { flags: ['--log-opt=max-file=2'], text: 'max-file cannot be used without max-size' },
    { flags: ['--label-file=/none/l'], text: 'open /none/l: no such file or directory' },
  ])('refuses what is not offered, or wrong: $flags', async ({ flags, text }) => {
    const outcome = await runCli(['run', ...flags, 'busybox'], withContainers({ run }));
    expect(outcome).toMatchObject({ exitCode: 125, stdout: '' });
    expect(outcome.stderr).toContain(`wherry: ${text}`);
    expect(outcome.stderr.split('\n\n')[0]).not.toContain('\n');
  });

  test('hands on namespaces, devices, limits and what is recorded', async () => {
    const flags = [
      ...['--pid=host', '--ipc=shareable', '--uts=host', '--userns=host', '--cgroupns=private'],
      ...['--device=/dev/a:r', '--device=/dev/a:/dev/b:rw', '--device-cgroup-rule=c 1:* r'],
      ...['--dns=1.1.1.1', '--dns-opt=a', '--dns-search=.', '--sysctl=net.x=1', '--annotation=a=b=c'],
      ...['--shm-size=1m', '--cgroup-parent=p', '--oom-score-adj=-5', '-c', '7', '--memory-swap=-1'],
      ...['--device-read-bps=/dev/a:1mb', '--blkio-weight-device=/dev/a:20', '--memory-swappiness=0'],
      ...['--expose=80-81/UDP', '--health-cmd=x', '--health-timeout=1.5s', '--health-retries=2'],
      ...[
        '--log-opt=max-size=1k',
        '--log-opt=max-file=3',
        '--runtime=runc',
        '--domainname=d',
        '--isolation=',
      ],
    ];
    await runCli(['run', '-d', ...flags, 'busybox'], withContainers({ run }));
    expect(requests.pop()).toMatchObject({
      attached: [],
      options: {
        ...{ pid: 'host', ipc: 'private', uts: 'host', userns: 'host', cgroupns: 'private' },
        devices: [
          { pathOnHost: '/dev/a', pathInContainer: '/dev/a', access: 'r' },
          { pathOnHost: '/dev/a', pathInContainer: '/dev/b', access: 'rw' },
        ],
        ...{ deviceRules: ['c 1:* r'], dns: ['1.1.1.1'], dnsOptions: ['a'], dnsSearch: ['.'] },
        ...{ sysctls: { 'net.x': '1' }, annotations: { a: 'b=c' }, cgroupParent: 'p', domainname: 'd' },
        ...{ shmSizeBytes: 1 << 20, oomScoreAdj: -5, runtime: 'runc', exposedPorts: ['80/udp', '81/udp'] },
        resources: {
          ...{ cpuShares: 7, memorySwapBytes: -1, memorySwappiness: 0 },
          blkioReadBps: [{ path: '/dev/a', value: 1 << 20 }],
          blkioWeightDevices: [{ path: '/dev/a', value: 20 }],
        },
        healthcheck: { Test: ['CMD-SHELL', 'x'], Timeout: 1.5e9, Retries: 2 },
        log: { driver: 'json-file', maxBytes: 1024, maxFiles: 3, options: { 'max-size': '1k' } },
      },
    });
  });

  test('attaches to what is asked for', async () => {
    const foreground: Run = async (request, options) => {
      requests.push(request);
      await options?.sink?.('stdout', Buffer.from('out\n'));
      await options?.sink?.('stderr', Buffer.from('err\n'));
      return { container, session: { id: ID, exitCode: Promise.resolve(0) } as never };
    };
    const outcome = await runCli(['run', '-a', 'STDERR', 'busybox'], withContainers({ run: foreground }));
    expect(outcome).toMatchObject({ stdout: '', stderr: 'err\n' });
    expect(requests.pop()).toMatchObject({ attached: ['stderr'] });
    await runCli(['run', '-i', 'busybox'], withContainers({ run: foreground }));
    expect(requests.pop()).toMatchObject({ attached: ['stdin', 'stdout', 'stderr'], stdinOnce: true });
    // Nobody ends an input that nobody is attached to.
    await runCli(['run', '-i', '-a', 'stdout', 'busybox'], withContainers({ run: foreground }));
    expect(requests.pop()).toMatchObject({ attached: ['stdout'], openStdin: true, stdinOnce: false });
  });

  test('leaves the container running on a signal, where that is asked for', async () => {
    const ended = Promise.withResolvers<number | undefined>();
    const leaving: Run = async () => {
      const session = { id: ID, exitCode: ended.promise, detach: () => ended.resolve(undefined) };
      return { container, session: session as never };
    };
    const signal = AbortSignal.abort();
    await runCli(['run', '--sig-proxy=false', 'busybox'], { ...withContainers({ run: leaving }), signal });
    expect(await ended.promise).toBeUndefined();
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
    { flags: ['--format', '{{with .}}{{json .Size}}{{end}}'], want: '"10B (virtual 2kB)"\n' },
    { flags: ['--format', '{{.Label "k"}}|{{.Label "none"}}'], want: 'v|\n' },
    {
      flags: ['--format', 'table {{.Names}}\t{{.Label "com.example.my-k"}}'],
      want: 'NAMES     my k\nweb       \n',
    },
  ])('prints $flags', async ({ flags, want }) => {
    expect((await runCli(['ps', ...flags], withContainers({ list }))).stdout).toBe(want);
  });
});

test.each([
  {
    flags: [],
    format: '{{.Nope}}',
    text: 'failed to execute template: template: :1:2: executing "" at <.Nope>',
  },
  { flags: [], format: '{{.ID', text: 'failed to parse template: template: :1: unclosed action' },
  { flags: ['-s'], format: '{{.ID', text: 'failed to parse template: template: :1: unclosed action' },
])('wherry ps $flags refuses $format in Docker’s words', async ({ flags, format, text }) => {
  const list = () => Promise.resolve([]);
  const outcome = await runCli(['ps', ...flags, '--format', format], withContainers({ list }));
  expect(outcome).toMatchObject({ exitCode: 1, stdout: '' });
  expect(outcome.stderr.startsWith(text)).toBe(true);
});

test.each(['{{.Names}}', 'json', 'table {{.Names}}', 'table'])(
  'wherry ps -q takes no format %s',
  async (format) => {
    const list = async () => [{ container, image: 'busybox' }];
    expect(await runCli(['ps', '-q', '--format', format], withContainers({ list }))).toMatchObject({
      stdout: 'c0ffee111111\n',
      stderr: 'WARNING: Ignoring custom format, because both --format and --quiet are set.\n',
    });
  },
);

describe('what fails', () => {
  const fails = (error: WherryError) => () => Promise.reject(error);
  const conflict = new WherryError('CONFLICT', 'taken');

  test.each([
    { argv: ['create', '--name', 'web', 'x'], stderr: 'Error: taken\n' },
    { argv: ['rename', 'web', 'y'], stderr: 'Error: taken\nError: failed to rename container named web\n' },
    { argv: ['attach', 'web'], stderr: 'taken\n' },
    { argv: ['exec', 'web', 'true'], stderr: 'Error: taken\n' },
  ])('in the engine is told by $argv in Docker’s form', async ({ argv, stderr }) => {
    const failing = fails(conflict);
    const inspect = async () => container;
    const verbs = { inspect, attach: failing, create: failing, exec: failing, rename: failing };
    expect(await runCli(argv, withContainers(verbs))).toMatchObject({ exitCode: 1, stdout: '', stderr });
  });

  test('in the name of the image of create is told without a prefix', async () => {
    const create = fails(new WherryError('INVALID_REFERENCE', 'invalid reference format'));
    const outcome = await runCli(['create', 'BAD'], withContainers({ create }));
    expect(outcome).toMatchObject({ exitCode: 1, stderr: 'invalid reference format\n' });
  });

  test('in the flags of create is told as by run', async () => {
    expect(await runCli(['create', '--pull', 'sometimes', 'x'], withContainers({}))).toMatchObject({
      exitCode: 125,
      stderr: expect.stringMatching(
        /^wherry: invalid pull option: .*\n\nRun 'wherry create --help' for more/,
      ),
    });
  });

  test('before a process of exec starts gives the code to end with', async () => {
    const error = new WherryError('INVALID_ARGUMENT', 'unable to find user ghost', {
      details: { exitCode: 126 },
    });
    const outcome = await runCli(
      ['exec', '-u', 'ghost', 'web', 'id'],
      withContainers({ exec: fails(error) }),
    );
    expect(outcome).toMatchObject({ exitCode: 126, stderr: 'unable to find user ghost\n' });
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

describe('wherry exec', () => {
  test('returns at once in the background', async () => {
    const requests: unknown[] = [];
    const execDetached = async (request: unknown) => void requests.push(request);
    const argv = ['exec', '-d', '-it', '--privileged', '-u', 'me', 'web', 'ls', '-l'];
    expect(await runCli(argv, withContainers({ execDetached }))).toMatchObject({ exitCode: 0, stdout: '' });
    expect(requests).toEqual([
      { container: 'web', command: ['ls', '-l'], tty: true, user: 'me', privileged: true },
    ]);
  });

  test('leaves the process at the keys that detach', async () => {
    const got: string[] = [];
    const exec: Engine['containers']['exec'] = async (_, { stdin }) => {
      const left = Promise.withResolvers<undefined>();
      const read = async () => {
        for await (const chunk of stdin ?? []) got.push(Buffer.from(chunk).toString());
      };
      setImmediate(() => void read());
      return { exitCode: left.promise, resize: async () => undefined, detach: () => left.resolve(undefined) };
    };
    const outcome = await runCli(['exec', '-it', '--detach-keys', 'x,y', 'web', 'sh'], {
      ...withContainers({ exec }),
      ...{ stdin: 'abxyc', tty: { columns: 80, rows: 24 } },
    });
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
    expect(got).toEqual(['ab']);
  });
});

describe('wherry inspect', () => {
  const box = {
    ...{ Id: ID, Created: 'C', Path: 'sh', Args: ['-c'], State: { Status: 'exited', ExitCode: 3 } },
    ...{
      Image: IMAGE,
      Name: '/web',
      HostConfig: { CpuShares: 5, Dns: ['1.1.1.1'] },
      Mounts: [],
      Config: null,
    },
    NetworkSettings: { IPAddress: '', Networks: { host: {} } },
  };
  const describe: Engine['containers']['describe'] = async ({ container: name, sizes }) => {
    if (name === 'web') return sizes ? { ...box, SizeRw: 0, SizeRootFs: 7 } : box;
    throw name === 'c' ? new WherryError('AMBIGUOUS_ID', 'multiple IDs found: c') : unknown(name);
  };
  const inspect = async (name: string) => {
    if (name === 'app') return { Id: IMAGE } as never;
    throw new WherryError('IMAGE_UNKNOWN', `No such image: ${name}`);
  };
  const engine = { ...withContainers({ describe }).engine, inspect };

  test.each([
    { argv: ['inspect', '-f', '{{.Id}}'], stdout: `${ID}\n` },
    {
      argv: ['container', 'inspect', '-f', '{{.State.ExitCode}} {{.Path}} {{.Args}}'],
      stdout: '3 sh [-c]\n',
    },
    { argv: ['inspect', '-f', '{{.HostConfig.CPUShares}} {{.HostConfig.DNS}}'], stdout: '5 [1.1.1.1]\n' },
    { argv: ['inspect', '-f', '{{.HostConfig.CpuShares}}'], stdout: '5\n' },
    { argv: ['inspect', '-f', '{{.SizeRootFs}}'], stdout: '<nil>\n' },
    { argv: ['inspect', '-sf', '{{.SizeRootFs}} {{.SizeRw}}'], stdout: '7 0\n' },
    { argv: ['inspect', '--type=container', '-f', '{{json .Name}}'], stdout: '"/web"\n' },
    {
      argv: ['inspect', '-f', '{{range $n, $_ := .NetworkSettings.Networks}}{{$n}}{{end}}'],
      stdout: 'host\n',
    },
  ])('shows a container to the template of $argv', async ({ argv, stdout }) => {
    expect(await runCli([...argv, 'web'], { engine })).toMatchObject({ stdout, stderr: '', exitCode: 0 });
  });

  test('prints containers and images as they are', async () => {
    const outcome = await runCli(['inspect', '-f', 'json', 'web', 'none', 'app', 'c'], { engine });
    expect(outcome.exitCode).toBe(1);
    expect(JSON.parse(outcome.stdout)).toEqual([box, { Id: IMAGE }]);
    const told = (await runCli(['inspect', 'web', 'none', 'app', 'c'], { engine })).stderr;
    expect(told).toBe('Error: No such object: none\nError: multiple IDs found: c\n');
    const missing = await runCli(['container', 'inspect', 'none'], { engine });
    expect(missing).toMatchObject({
      stdout: '[]\n',
      stderr: 'Error: No such container: none\n',
      exitCode: 1,
    });
    const typed = await runCli(['inspect', '--type', 'container', 'app'], { engine });
    expect(typed.stderr).toBe('Error: No such container: app\n');
  });

  test('finds images where there are no containers', async () => {
    const nowhere = async () => {
      throw new WherryError('UNSUPPORTED', 'containers need Linux');
    };
    const outcome = await runCli(['inspect', '-f', '{{.Id}}', 'app'], {
      engine: { ...withContainers({ describe: nowhere }).engine, inspect },
    });
    expect(outcome).toMatchObject({ stdout: `${IMAGE}\n`, exitCode: 0 });
  });
});

test('wherry rm --link finds no links', async () => {
  const inspect: Engine['containers']['inspect'] = async (name) => {
    if (name === 'web') return container;
    throw unknown(name);
  };
  const { stderr } = await runCli(['rm', '-l', 'web', 'x'], withContainers({ inspect }));
  expect(stderr).toBe(
    'Error: Conflict, cannot remove the default link name of the container\nError: No such container: x\n',
  );
});

test('wherry logs gives each stream to its own', async () => {
  const { engine } = withContainers({
    inspect: async () => container,
    logs: async function* ({ tail }) {
      expect(tail).toBe(5);
      yield [
        { stream: 'stdout', time: 'T1', text: 'out\n' },
        { stream: 'stdout', time: 'T2', text: 'more\n' },
        { stream: 'stderr', time: 'T3', text: 'err\n' },
      ];
      yield [{ stream: 'stdout', time: 'T4', text: 'last' }];
    },
  });
  expect(await runCli(['logs', '-t', '-n', '5', 'web'], { engine })).toMatchObject({
    ...{ stdout: 'T1 out\nT2 more\nT4 last', stderr: 'T3 err\n' },
  });
  expect(await runCli(['logs', '--details', '-n', '5', 'web'], { engine })).toMatchObject({
    ...{ stdout: ' out\n more\n last', stderr: ' err\n' },
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
