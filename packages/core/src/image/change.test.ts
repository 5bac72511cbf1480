import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { WherryError } from '../errors.ts';
import type { ContainerConfig } from '../oci/image-config.ts';
import { applyChanges } from './change.ts';

const SHARED = new URL('../../../../../shared/', import.meta.url);
const hasShared = existsSync(SHARED);
const readShared = (path: string) =>
  hasShared ? JSON.parse(readFileSync(new URL(path, SHARED), 'utf8')) : undefined;

function failure(run: () => unknown): WherryError {
  try {
    run();
  } catch (error) {
    if (error instanceof WherryError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

interface Recording {
  readonly name: string;
  readonly argv: readonly string[];
  readonly stderr?: readonly string[];
  readonly effects?: {
    readonly inspect?: { readonly Config: ContainerConfig; readonly ContainerConfig: ContainerConfig };
  };
}

function changesOf(argv: readonly string[]): string[] {
  return argv.flatMap((arg, at) => (arg === '-c' || arg === '--change' ? [argv[at + 1] ?? ''] : []));
}

/** The recordings have Go's zero values where ours have nothing. */
function comparable(config: ContainerConfig): unknown {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== null && value !== ''));
}

describe.skipIf(!hasShared)('the recordings of docker', () => {
  const recordings: Recording[] = ['commit', 'import'].flatMap((command) => {
    const file = readShared(`golden/${command}.json`);
    const cases: Recording[] = file ? (file.cases ?? file) : [];
    return cases.filter(
      (each) => changesOf(each.argv).length > 0 && (each.effects?.inspect || each.stderr?.[0]),
    );
  });

  test.each(recordings.filter((each) => each.effects?.inspect))(
    '$name: the config is Docker’s',
    ({ argv, effects }) => {
      const { Config, ContainerConfig } = effects!.inspect!;
      expect(comparable(applyChanges(ContainerConfig, changesOf(argv)))).toEqual(comparable(Config));
    },
  );

  test.each(recordings.filter((each) => each.stderr?.[0]))(
    '$name: the error is Docker’s',
    ({ argv, stderr }) => {
      const error = failure(() => applyChanges({}, changesOf(argv)));
      expect(error.code).toBe('INVALID_ARGUMENT');
      expect(`Error response from daemon: ${error.message}`).toBe(stderr![0]);
    },
  );
});

describe('applyChanges', () => {
  const base: ContainerConfig = { Env: ['PATH=/bin', 'A=1'], Cmd: ['sh'], WorkingDir: '/srv' };

  test.each([
    { name: 'nothing', changes: [], want: base },
    {
      name: 'a variable in a value',
      changes: [`ENV B=$A-\${C:-x} "D E"=f`],
      want: { ...base, Env: ['PATH=/bin', 'A=1', 'B=1-x', 'D E=f'] },
    },
    {
      name: 'quotes and escapes',
      changes: ['ENV B="a b" C=c\\ d E=\'$A\''],
      want: { ...base, Env: ['PATH=/bin', 'A=1', 'B=a b', 'C=c d', 'E=$A'] },
    },
    {
      name: 'a CMD that stays with its ENTRYPOINT',
      changes: ['CMD ["a"]', 'ENTRYPOINT ["b"]'],
      want: { ...base, Cmd: ['a'], Entrypoint: ['b'] },
    },
    {
      name: 'an empty ENTRYPOINT',
      changes: ['ENTRYPOINT []'],
      want: { Env: base.Env, WorkingDir: '/srv' },
    },
    {
      name: 'a range of ports',
      changes: ['EXPOSE 80-82/UDP 127.0.0.1:1:2'],
      want: { ...base, ExposedPorts: { '80/udp': {}, '81/udp': {}, '82/udp': {}, '2/tcp': {} } },
    },
    {
      name: 'labels',
      changes: ['LABEL a=b "c d"="e f"', 'label a=$A'],
      want: { ...base, Labels: { a: '1', 'c d': 'e f' } },
    },
    { name: 'a path upwards', changes: ['WORKDIR ../x/./y'], want: { ...base, WorkingDir: '/x/y' } },
    {
      name: 'a continued line and a comment',
      changes: ['# first\nENV B=2 \\\n  # inside\n  C=3'],
      want: { ...base, Env: ['PATH=/bin', 'A=1', 'B=2', 'C=3'] },
    },
    {
      name: 'a health check of every flag',
      changes: [
        'HEALTHCHECK --interval=1m30s --timeout=1.5s --start-period=2ms --start-interval=1h --retries=3 CMD ["curl", "x"]',
      ],
      want: {
        ...base,
        Healthcheck: {
          Test: ['CMD', 'curl', 'x'],
          Interval: 90e9,
          Timeout: 1.5e9,
          StartPeriod: 2e6,
          StartInterval: 3600e9,
          Retries: 3,
        },
      },
    },
    {
      name: 'no health check',
      changes: ['HEALTHCHECK none'],
      want: { ...base, Healthcheck: { Test: ['NONE'] } },
    },
    {
      name: 'a label that is a field of every object',
      changes: ['LABEL __proto__=x'],
      want: { ...base, Labels: Object.fromEntries([['__proto__', 'x']]) },
    },
  ])('takes $name', ({ changes, want }) => {
    expect(applyChanges(base, changes)).toEqual(want);
  });

  test.each([
    { change: 'CMD [1]', message: 'when using JSON array syntax, arrays must be comprised of strings only' },
    { change: 'ENV A', message: 'ENV must have two arguments' },
    { change: 'ENV A=1 B', message: 'Syntax error - can\'t find = in "B". Must be of the form: name=value' },
    { change: 'ENV =1', message: 'ENV names can not be blank' },
    { change: 'LABEL', message: 'LABEL requires at least one argument' },
    { change: 'USER', message: 'USER requires exactly one argument' },
    {
      change: 'USER "x',
      message:
        'failed to process "\\"x": unexpected end of statement while looking for matching double-quote',
    },
    { change: 'VOLUME [""]', message: 'VOLUME specified can not be an empty string' },
    { change: 'EXPOSE 70000', message: 'Invalid containerPort: 70000' },
    { change: 'EXPOSE 9-8', message: 'Invalid containerPort: 9-8' },
    { change: 'EXPOSE 80/icmp', message: 'Invalid proto: icmp' },
    { change: 'EXPOSE /tcp', message: 'No port specified: /tcp<empty>' },
    { change: 'ONBUILD FROM x', message: "FROM isn't allowed as an ONBUILD trigger" },
    { change: 'ONBUILD onbuild RUN x', message: "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed" },
    { change: 'HEALTHCHECK CMD', message: 'Missing command after HEALTHCHECK CMD' },
    { change: 'HEALTHCHECK --nosuch=1 CMD x', message: 'unknown flag: --nosuch' },
    { change: 'HEALTHCHECK --timeout CMD x', message: 'missing a value on flag: --timeout' },
    { change: 'HEALTHCHECK --timeout=5 CMD x', message: 'time: missing unit in duration "5"' },
    { change: 'HEALTHCHECK --timeout=x CMD x', message: 'time: invalid duration "x"' },
    { change: 'HEALTHCHECK --timeout=5y CMD x', message: 'time: unknown unit "y" in duration "5y"' },
    { change: 'HEALTHCHECK --retries=-1 CMD x', message: '--retries cannot be negative (-1)' },
    { change: 'constructor x', message: 'constructor is not a valid change command' },
  ])('refuses $change', ({ change, message }) => {
    const error = failure(() => applyChanges(base, [change]));
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message).toBe(message);
  });
});
