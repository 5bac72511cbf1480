import { type BuildEvent, type ProgressEvent, parseReference, WherryError } from '@wherry/core';
import { describe, expect, test } from 'vitest';
import { buildEngine, imageId, ranStep, stepOf } from '../../testing/build-events.ts';
import { screenText } from '../../testing/golden/normalise.ts';
import { type CliSetup, runCli } from '../../testing/run-cli.ts';

const from = stepOf({ number: 1, text: 'FROM ubuntu:18.04' });
const run = stepOf({ number: 2, text: 'RUN echo a \u001b[31m &&\techo b' });
const copy = stepOf({ number: 3, text: 'COPY a /a' });
const done = (step: typeof from, digit: string): BuildEvent[] => [
  { kind: 'build-step', step },
  { kind: 'build-step-done', step, image: imageId(digit) },
];
const END: BuildEvent[] = [
  { kind: 'built', id: imageId('3') },
  { kind: 'build-tagged', ref: parseReference('app:1') },
];
const TTY = { columns: 80, rows: 24 };

/** The build's output, on a terminal or not, behind the given flags. */
async function shown(events: readonly BuildEvent[], flags: string[] = [], setup: CliSetup = {}) {
  return await runCli(['build', ...flags, '.'], { engine: buildEngine(events), ...setup });
}

describe('a build for several platforms', () => {
  const platform = { os: 'linux', architecture: 'arm64' };
  const ref = parseReference('registry.test/app:1');
  const target = { mediaType: 'x', digest: imageId('4'), size: 5 };
  const EVENTS: BuildEvent[] = [
    { kind: 'build-step', step: from, platform },
    { kind: 'build-step-done', step: from, platform, image: imageId('1') },
    { kind: 'built', id: imageId('1'), platform },
    { kind: 'build-push', ref, event: { kind: 'layer', digest: imageId('5'), phase: 'pushed' } },
    { kind: 'build-push', ref, event: { kind: 'tag-pushed', ref, target } },
  ];
  const PUSH = [
    'The push refers to repository [registry.test/app]',
    '555555555555: Pushed',
    `1: digest: ${target.digest} size: 5`,
    '',
  ];

  test('says which, and how its push goes', async () => {
    const { stdout } = await shown(EVENTS, ['--progress', 'plain']);
    expect(stdout.split('\n')).toEqual([
      'Step 1/3 : [linux/arm64] FROM ubuntu:18.04',
      ' ---> 111111111111',
      '[linux/arm64] Successfully built 111111111111',
      ...PUSH,
    ]);
  });

  test('says so in a live view and in JSON too', async () => {
    const live = await shown(EVENTS, ['--progress', 'tty'], { tty: TTY });
    expect(live.both).toContain('[linux/arm64] [stage 0] Step 1/3 : FROM ubuntu:18.04');
    const { stdout } = await shown(EVENTS, ['--progress', 'rawjson']);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map((line) => line.platform)).toEqual([platform, platform, platform, undefined, undefined]);
    expect(lines[4]).toMatchObject({
      kind: 'build-push',
      name: 'registry.test/app:1',
      event: { kind: 'tag-pushed', ref: 'registry.test/app:1' },
    });
  });
});

describe('plain progress', () => {
  test('has the text of Docker’s classic builder', async () => {
    const { stdout, stderr, exitCode } = await shown([
      { kind: 'build-context', bytes: 1000, isDone: false },
      { kind: 'build-context', bytes: 2048, isDone: true },
      { kind: 'build-notice', text: '[WARNING]: x\u001b\n' },
      { kind: 'build-lint', warning: { rule: 'R', message: 'not shown', description: '' } },
      ...done(from, '1'),
      ...ranStep(run, '2', 'a\n', 'oh\n'),
      { kind: 'build-step', step: copy },
      { kind: 'build-step-cached', step: copy, image: imageId('3') },
      { kind: 'build-warning', message: 'One or more build-args [X] were not consumed' },
      ...END,
    ]);
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
    expect(stdout).toBe(
      [
        'Sending build context to Docker daemon  2.048kB\r\r',
        '\x1b[91m[WARNING]: x ',
        '\x1b[0mStep 1/3 : FROM ubuntu:18.04',
        ' ---> 111111111111',
        'Step 2/3 : RUN echo a  [31m &&\techo b',
        ' ---> Running in 222222222222',
        'a',
        '\x1b[91moh',
        '\x1b[0mRemoving intermediate container 222222222222',
        ' ---> 222222222222',
        'Step 3/3 : COPY a /a',
        ' ---> Using cache',
        ' ---> 333333333333',
        '[Warning] One or more build-args [X] were not consumed',
        'Successfully built 333333333333',
        'Successfully tagged app:1',
        '',
      ].join('\n'),
    );
  });

  test('says why a step was taken from the cache, or was not, if asked', async () => {
    const { stdout } = await shown([
      ...done(from, '1'),
      { kind: 'build-step', step: run },
      { kind: 'build-step-runs', step: run, id: '2'.repeat(64), explanation: 'a.txt changed' },
      { kind: 'build-step-done', step: run, image: imageId('2') },
      { kind: 'build-step', step: copy },
      { kind: 'build-step-cached', step: copy, image: imageId('3'), explanation: 'nothing changed' },
    ]);
    expect(stdout).toContain(' ---- a.txt changed\n ---> Running in 222222222222\n ---> 222222222222\n');
    expect(stdout).toContain(' ---> Using cache\n ---- nothing changed\n ---> 333333333333\n');
  });

  test('tells of a base’s triggers, and of an empty base', async () => {
    const trigger = stepOf({ number: 1, text: 'RUN echo child' });
    const { stdout } = await shown([
      { kind: 'build-step', step: from },
      { kind: 'build-triggers', step: from, count: 1 },
      ...ranStep(trigger, '4', 'child\n').slice(1),
      { kind: 'build-step-done', step: from },
      ...done(run, '5'),
    ]);
    expect(stdout).toMatch(
      /^Step 1\/3 : FROM ubuntu:18.04\n# Executing 1 build trigger\n ---> Running in 4+\nchild\nRemoving .*\n ---> 4+\n ---> \nStep 2\/3/,
    );
  });

  test('tells of the pull of a base', async () => {
    const ref = parseReference('ubuntu:18.04');
    const target = { mediaType: 'x', digest: imageId('7'), size: 1 };
    const pull = (event: ProgressEvent): BuildEvent => ({ kind: 'build-pull', step: from, event });
    const events: BuildEvent[] = [
      { kind: 'build-step', step: from },
      pull({ kind: 'resolved', ref, target }),
      { kind: 'build-step-done', step: from, image: imageId('1') },
    ];
    const digest = `Digest: ${imageId('7')}\n`;
    expect((await shown(events)).stdout).toBe(
      `Step 1/3 : FROM ubuntu:18.04\n18.04: Pulling from library/ubuntu\n${digest}` +
        'Status: Image is up to date for ubuntu:18.04\n ---> 111111111111\n',
    );
    events.splice(2, 0, pull({ kind: 'layer', digest: imageId('8'), phase: 'done' }));
    expect((await shown(events)).stdout).toContain(
      `888888888888: Pull complete\n${digest}Status: Downloaded newer image for ubuntu:18.04\n`,
    );
  });

  test('says nothing of how a pull ended that failed', async () => {
    const ref = parseReference('ubuntu:18.04');
    const target = { mediaType: 'x', digest: imageId('7'), size: 1 };
    const error = new WherryError('UNREACHABLE', 'no route');
    const { stdout } = await runCli(['build', '.'], {
      engine: buildEngine(
        [
          { kind: 'build-step', step: from },
          { kind: 'build-pull', step: from, event: { kind: 'resolved', ref, target } },
          { kind: 'build-step-failed', step: from, error },
        ],
        error,
      ),
    });
    expect(stdout).toBe('Step 1/3 : FROM ubuntu:18.04\n18.04: Pulling from library/ubuntu\n');
  });

  test('puts steps that run at the same time into the order of the Dockerfile', async () => {
    const first = ranStep(stepOf({ number: 1, text: 'FROM a', total: 4 }), '1', 'one\n');
    const second = ranStep(stepOf({ number: 2, text: 'RUN b', total: 4 }), '2', 'two\n');
    const third = ranStep(stepOf({ number: 3, text: 'FROM c', total: 4, stage: 1 }), '3', 'three\n');
    const fourth = ranStep(stepOf({ number: 4, text: 'RUN d', total: 4, stage: 1 }), '4', 'four\n');
    const inOrder = (await shown([...first, ...second, ...third, ...fourth])).stdout;
    const interleaved = [
      ...[third.slice(0, 2), first.slice(0, 3), third.slice(2), fourth.slice(0, 4)],
      ...[first.slice(3), second, fourth.slice(4)],
    ].flat();
    expect((await shown(interleaved)).stdout).toBe(inOrder);
    expect((await shown([...third, ...fourth, ...first, ...second])).stdout).toBe(inOrder);
  });

  test('shows what steps printed before their turn when another one fails, and the failed one last', async () => {
    const failing = stepOf({ number: 2, text: 'RUN bad', total: 9, stage: 1 });
    const other = stepOf({ number: 3, text: 'RUN slow', total: 9, stage: 2 });
    const error = new WherryError(
      'BUILD_FAILED',
      "The command '/bin/sh -c bad' returned a non-zero code: 7",
      {
        details: { exitCode: 7 },
      },
    );
    const { stdout, stderr, exitCode } = await runCli(['build', '.'], {
      engine: buildEngine(
        [
          { kind: 'build-step', step: from },
          ...ranStep(failing, '2', 'no!\n').slice(0, 3),
          ...ranStep(other, '3', 'so far\n').slice(0, 3),
          { kind: 'build-step-failed', step: failing, error },
        ],
        error,
      ),
    });
    expect(stdout).toMatch(/Step 1\/3.*\nStep 3\/9.*\n.*\nso far\nStep 2\/9.*\n.*\nno!\n$/);
    expect(stderr).toBe("The command '/bin/sh -c bad' returned a non-zero code: 7\n");
    expect(exitCode).toBe(7);
  });
});

describe('on a terminal', () => {
  test('a build of one step after the other has the classic text', async () => {
    const events = [...done(from, '1'), ...ranStep(run, '2', 'a\n'), ...done(copy, '3'), ...END];
    const plain = await shown(events);
    expect((await shown(events, [], { tty: TTY })).both).toBe(plain.stdout);
    expect((await shown(events, ['--progress', 'plain'], { tty: TTY })).both).toBe(plain.stdout);
  });

  test('a live view takes over when steps run at the same time', async () => {
    const other = stepOf({ number: 3, text: 'FROM b', stage: 1 });
    const { both } = await shown(
      [
        ...done(from, '1'),
        ...ranStep(run, '2', 'a\n').slice(0, 3),
        ...done(other, '3'),
        ...ranStep(run, '2', '').slice(2),
        ...END,
      ],
      [],
      { tty: TTY },
    );
    expect(screenText(both)).toMatch(
      /^Step 1\/3 : FROM ubuntu:18.04\n ---> 1+\nStep 2\/3 .*\n ---> Running in 2+\na\n\[stage 1\] Step 3\/3 : FROM b 0.0s\n\[stage 0\] Step 2\/3 : RUN .* 0.0s\nSuccessfully built 3+\nSuccessfully tagged app:1$/,
    );
  });

  test('the live view ends with a line for each step, and what a failed one printed', async () => {
    const error = new WherryError('INTERNAL', 'failed');
    const { both } = await runCli(['build', '--progress', 'tty', '.'], {
      tty: TTY,
      engine: buildEngine(
        [
          { kind: 'build-context', bytes: 2048, isDone: true },
          ...done(from, '1'),
          ...ranStep(run, '2', '\x1b[32mworking\x1b[0m\n1%\r100%\n', 'bad\n').slice(0, 4),
          { kind: 'build-step-failed', step: run, error },
        ],
        error,
      ),
    });
    expect(screenText(both)).toMatch(
      /^Context: 2.048kB\n\[stage 0\] Step 1\/3 : FROM ubuntu:18.04 0.0s\n\[stage 0\] Step 2\/3 : RUN .* 0.0s \(failed\)\nworking\n1% 100%\nbad\nfailed$/,
    );
  });

  test('BUILDKIT_PROGRESS counts where no flag is given', async () => {
    const events = done(from, '1');
    const env = { BUILDKIT_PROGRESS: 'tty' };
    expect((await shown(events, [], { tty: TTY, env })).both).toContain('[stage 0] Step 1/3');
    expect((await shown(events, ['--progress=plain'], { tty: TTY, env })).both).not.toContain('[stage 0]');
  });
});

describe('rawjson', () => {
  test('is an object a line for each event, and for an error', async () => {
    const error = new WherryError('IMAGE_UNKNOWN', 'no such image');
    const { stdout, stderr } = await runCli(['build', '--progress', 'rawjson', '.'], {
      engine: buildEngine(
        [
          ...ranStep(from, '1', 'é\u001b\n'),
          { kind: 'build-step-failed', step: from, error },
          { kind: 'build-tagged', ref: parseReference('app:1') },
        ],
        error,
      ),
    });
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const time = '2026-11-23T21:00:00.000Z';
    const step = { number: 1, text: 'FROM ubuntu:18.04', total: 3, stage: 0 };
    expect(rows).toEqual([
      { time, kind: 'build-step', step },
      { time, kind: 'build-step-runs', step, id: '1'.repeat(64) },
      { time, kind: 'build-output', step, stream: 'stdout', text: 'é\u001b\n' },
      { time, kind: 'build-step-done', step, id: '1'.repeat(64), image: imageId('1') },
      { time, kind: 'build-step-failed', step, error: { code: 'IMAGE_UNKNOWN', message: 'no such image' } },
      { time, kind: 'build-tagged', name: 'app:1' },
    ]);
    expect(JSON.parse(stderr)).toEqual({ error: { code: 'IMAGE_UNKNOWN', message: 'no such image' } });
  });
});

describe('--quiet', () => {
  test('prints the ID alone', async () => {
    const { stdout, stderr } = await shown([...done(from, '1'), ...END], ['-q']);
    expect({ stdout, stderr }).toEqual({ stdout: `${imageId('9')}\n`, stderr: '' });
  });

  test('prints all to standard error when the build fails', async () => {
    const error = new WherryError('BUILD_FAILED', 'it failed', { details: { exitCode: 4 } });
    const { stdout, stderr, exitCode } = await runCli(['build', '-q', '.'], {
      engine: buildEngine([...ranStep(from, '1', 'out\n', 'err\n').slice(0, 4)], error),
    });
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 4 });
    expect(stderr).toBe(
      'Step 1/3 : FROM ubuntu:18.04\n ---> Running in 111111111111\nout\n\x1b[91merr\n\x1b[0mit failed\n',
    );
  });
});
