import { type Engine, WherryError } from '@wherry/core';
import { describe, expect, test } from 'vitest';
import { container, unknown, withContainers } from '../../testing/container-engine.ts';
import { runCli } from '../../testing/run-cli.ts';

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
      const detach = () => left.resolve(undefined);
      return { exitCode: left.promise, pid: () => 1, resize: async () => undefined, detach };
    };
    const outcome = await runCli(['exec', '-it', '--detach-keys', 'x,y', 'web', 'sh'], {
      ...withContainers({ exec }),
      ...{ stdin: 'abxyc', tty: { columns: 80, rows: 24 } },
    });
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
    expect(got).toEqual(['ab']);
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
