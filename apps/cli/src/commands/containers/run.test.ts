import { type Engine, WherryError } from '@wherry/core';
import { describe, expect, test } from 'vitest';
import { container, ID, IMAGE, withContainers } from '../../testing/container-engine.ts';
import { runCli } from '../../testing/run-cli.ts';

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
