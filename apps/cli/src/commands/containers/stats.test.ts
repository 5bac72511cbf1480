import type { ContainerSample, ResourceUsage } from '@wherry/core';
import { describe, expect, test } from 'vitest';
import { container, ID, unknown, withContainers } from '../../testing/container-engine.ts';
import { runCli } from '../../testing/run-cli.ts';

const MIB = 1 << 20;

function usageAt(second: number): ResourceUsage {
  return {
    readAt: new Date(second * 1000),
    // Half of one of two CPUs.
    cpu: {
      ...{ totalNs: second * 5e8, kernelNs: 0, userNs: 0 },
      throttling: { periods: 0, throttledPeriods: 0, throttledNs: 0 },
    },
    memory: { usageBytes: 20 * MIB, limitBytes: 64 * MIB, details: { inactive_file: 4 * MIB } },
    tasks: { count: 3 },
    blockIo: {
      bytes: [
        { major: 8, minor: 0, operation: 'Read', value: 4096 },
        { major: 8, minor: 16, operation: 'read', value: 1000 },
        { major: 8, minor: 0, operation: 'Write', value: 2_000_000 },
        { major: 8, minor: 0, operation: 'Total', value: 9_000_000 },
      ],
    },
    host: { totalNs: second * 2e9, onlineCpus: 2 },
  };
}

/** Containers by their names, with the samples that they have until they are removed. */
function engineWith(samples: Readonly<Record<string, readonly ContainerSample[]>>, names = ['web']) {
  const asked: unknown[] = [];
  const verbs = withContainers({
    inspect: async (name) => {
      if (samples[name] === undefined) throw unknown(name);
      return container;
    },
    names: async (activity) => {
      asked.push(activity ?? 'all');
      return activity === 'paused' ? [] : names.map((name) => ({ id: name.padEnd(64, '0'), name }));
    },
    stats: async function* (request) {
      asked.push(request);
      const found = samples[request.container] ?? samples[request.container.replace(/0+$/, '')];
      if (found === undefined) throw unknown(request.container);
      yield* found;
    },
  });
  return { ...verbs, asked };
}

const running: ContainerSample = { id: ID, name: 'web', usage: usageAt(9), previous: usageAt(8) };
const stopped: ContainerSample = { id: ID, name: 'gone' };

describe('wherry stats', () => {
  test('prints Docker’s table once', async () => {
    const engine = engineWith({ web: [running], gone: [stopped] });
    const outcome = await runCli(['stats', '--no-stream', 'web', 'gone'], engine);
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' });
    expect(outcome.stdout).toBe(
      [
        'CONTAINER ID   NAME      CPU %     MEM USAGE / LIMIT   MEM %     NET I/O   BLOCK I/O     PIDS',
        'c0ffee111111   web       50.00%    16MiB / 64MiB       25.00%    0B / 0B   5.1kB / 2MB   3',
        'c0ffee111111   gone      0.00%     0B / 0B             0.00%     0B / 0B   0B / 0B       0',
        '',
      ].join('\n'),
    );
    expect(engine.asked).toEqual(['web', 'gone'].map((name) => ({ container: name, mode: 'once' })));
  });

  test.each([
    {
      flags: ['--format', 'json'],
      want: `{"BlockIO":"5.1kB / 2MB","CPUPerc":"50.00%","Container":"web","ID":"c0ffee111111","MemPerc":"25.00%","MemUsage":"16MiB / 64MiB","Name":"web","NetIO":"0B / 0B","PIDs":"3"}\n`,
    },
    { flags: ['--no-trunc', '--format', '{{.Container}} {{.ID}}'], want: `web ${ID}\n` },
    {
      flags: ['--format', 'table {{.Name}}\\t{{.CPUPerc}}'],
      want: 'NAME      CPU %\nweb       50.00%\n',
    },
  ])('prints $flags', async ({ flags, want }) => {
    const outcome = await runCli(['stats', '--no-stream', ...flags, 'web'], engineWith({ web: [running] }));
    expect(outcome.stdout).toBe(want);
  });

  test.each([
    { flags: [], asked: ['running', 'paused'] },
    { flags: ['-a'], asked: ['all'] },
  ])('$flags lists what there is, but for what has just been removed', async ({ asked, flags }) => {
    const engine = engineWith({ web: [running] }, ['web', 'db']);
    const format = ['--format', '{{.Container}} {{.Name}}'];
    const outcome = await runCli(['stats', '--no-stream', ...flags, ...format], engine);
    expect(outcome).toMatchObject({ exitCode: 0, stdout: 'web000000000 web\n' });
    expect(engine.asked.slice(0, asked.length)).toEqual(asked);
  });

  test('goes on until all that were named are removed, drawn over on a terminal', async () => {
    const samples = { web: [running, running, stopped], gone: [stopped, stopped] };
    const argv = ['stats', '--format', '{{.Container}} {{.CPUPerc}}', 'web', 'gone'];
    expect((await runCli(argv, engineWith(samples))).stdout).toBe(
      'web 50.00%\ngone 0.00%\nweb 50.00%\ngone 0.00%\nweb 0.00%\n',
    );
    const drawn = await runCli(argv, { ...engineWith(samples), tty: { columns: 80, rows: 24 } });
    const frame = (...lines: string[]) => `\x1b[H${lines.map((line) => `${line}\x1b[K\n`).join('')}\x1b[J`;
    const both = frame('web 50.00%', 'gone 0.00%');
    expect(drawn.stdout).toBe(both + both + frame('web 0.00%'));
  });

  test('shows what comes and goes, until it is interrupted', async () => {
    const controller = new AbortController();
    const lists = [['web'], ['web', 'db'], ['db'], []];
    const engine = withContainers({
      names: async (activity) => {
        if (activity === 'paused') return [];
        const names = lists.shift();
        if (names?.length === 0) controller.abort();
        return (names ?? []).map((name) => ({ id: name.padEnd(64, '0'), name }));
      },
      stats: async function* ({ container: id }) {
        for (;;) yield { id, name: id.replace(/0+$/, '') };
      },
    });
    const argv = ['stats', '--format', '{{.Name}}'];
    const outcome = await runCli(argv, { ...engine, signal: controller.signal });
    expect(outcome).toMatchObject({ exitCode: 130, stdout: 'web\nweb\ndb\ndb\n' });
  });

  test('tells of all that are not there before it waits for the others', async () => {
    const engine = engineWith({ web: [running] });
    expect(await runCli(['stats', 'none', 'web', 'nil'], engine)).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: 'Error: No such container: none\nError: No such container: nil\n',
    });
    expect(engine.asked).toEqual([]);
  });

  test('refuses what is no template before it asks anybody', async () => {
    expect(await runCli(['stats', '--format', '{{.ID'])).toMatchObject({
      exitCode: 1,
      stderr: 'template parsing error: template: :1: unclosed action\n',
    });
  });
});
