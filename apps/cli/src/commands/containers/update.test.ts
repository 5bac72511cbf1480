import { type UpdateRequest, WherryError } from '@wherry/core';
import { describe, expect, test } from 'vitest';
import { container, unknown, withContainers } from '../../testing/container-engine.ts';
import { runCli } from '../../testing/run-cli.ts';

describe('wherry update', () => {
  test('gives limits to each container, and tells what fails at the end', async () => {
    const asked: UpdateRequest[] = [];
    const update = async (request: UpdateRequest) => {
      asked.push(request);
      if (request.container === 'none') throw unknown('none');
      if (request.container === 'db') throw new WherryError('CONFLICT', 'Cannot update container db: x');
    };
    const flags = ['-m', '64m', '--memory-swap', '-1', '--memory-reservation', '8m', '--cpus', '.5'];
    const more = ['-c', '7', '--cpuset-cpus', '0', '--pids-limit', '-1', '--restart', 'no'];
    const outcome = await runCli(
      ['update', ...flags, ...more, 'none', 'web', 'db'],
      withContainers({ update }),
    );
    expect(outcome).toMatchObject({
      exitCode: 1,
      stdout: 'web\n',
      stderr: 'Error: No such container: none\nError: Cannot update container db: x\n',
    });
    const limits = {
      ...{ memoryBytes: 64 << 20, memorySwapBytes: -1, memoryReservationBytes: 8 << 20 },
      ...{ nanoCpus: 5e8, cpuShares: 7, cpusetCpus: '0', pidsLimit: -1 },
    };
    expect(asked).toEqual(['none', 'web', 'db'].map((name) => ({ container: name, limits })));
  });

  test.each([
    { flags: [], text: 'you must provide one or more flags when using this command' },
    { flags: ['--restart', 'foo'], text: "invalid restart policy 'foo'" },
    { flags: ['--restart', 'on-failure:3'], text: '--restart on-failure:3 needs a daemon' },
    { flags: ['--kernel-memory', '9m'], text: '--kernel-memory is no limit that Linux still has' },
    { flags: ['-m', 'x'], text: 'invalid argument "x" for "--memory" flag: invalid size: \'x\'' },
  ])('refuses $flags', async ({ flags, text }) => {
    const outcome = await runCli(['update', ...flags, 'web'], withContainers({}));
    expect(outcome).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringContaining(text) });
  });
});

// The newer one of the recorded clients says so.
test.each([
  { args: ['web'], exitCode: 0, stderr: '' },
  { args: ['web', ''], exitCode: 0, stderr: '' },
  { args: ['web', '80'], exitCode: 1, stderr: "Error: No public port '80' published for web\n" },
  { args: ['web', '80/udp'], exitCode: 1, stderr: "Error: No public port '80/udp' published for web\n" },
  {
    args: ['web', 'abc/tcp'],
    exitCode: 1,
    stderr: 'Error: invalid port (abc): strconv.ParseUint: parsing "abc": invalid syntax\n',
  },
  {
    args: ['web', '70000'],
    exitCode: 1,
    stderr: 'Error: invalid port (70000): strconv.ParseUint: parsing "70000": value out of range\n',
  },
  { args: ['none', '80'], exitCode: 1, stderr: 'Error: No such container: none\n' },
])('wherry port $args publishes nothing', async ({ args, exitCode, stderr }) => {
  const inspect = async (name: string) => {
    if (name === 'none') throw unknown(name);
    return container;
  };
  expect(await runCli(['port', ...args], withContainers({ inspect }))).toMatchObject({
    exitCode,
    stdout: '',
    stderr,
  });
});
