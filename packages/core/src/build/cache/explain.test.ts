import { describe, expect, test } from 'vitest';
import { digestOf } from '../../testing/metadata-store-suite.ts';
import type { StepFile, StepInputs } from '../step-inputs.ts';
import type { BuildCache, StepRecord } from './build-cache.ts';
import { type ExplainedStep, explain } from './explain.ts';
import { explanationText } from './explanation-text.ts';
import { formatFileState } from './file-state.ts';
import { stepKey } from './step-key.ts';

const AT = new Date('2026-01-02T03:04:05.678Z');
const DEBIAN = digestOf('debian');

const state = (content: string, mode = 0o644) =>
  formatFileState({ type: 'file', mode, uid: 0, gid: 0, content: digestOf(content) });
const filesOf = (files: Readonly<Record<string, string>>) => ({
  digest: digestOf(JSON.stringify(files)),
  list: () => Object.entries(files).map(([path, text]): StepFile => ({ path, state: text })),
});

const before: StepInputs = { base: DEBIAN, instruction: 'RUN make', values: { 'arg VERSION': '1' } };
const changed = (change: Partial<StepInputs>): StepInputs => ({ ...before, ...change });

interface Kept {
  readonly inputs: StepInputs;
  readonly isListLost?: boolean;
}

/** Holds records in the order given: newest first. */
function cacheOf(kept: readonly Kept[], pruned: readonly StepInputs[] = []): BuildCache {
  const records = kept.map(({ inputs }, index): StepRecord => {
    const { files, ...rest } = inputs;
    return {
      ...{ key: stepKey(inputs), slot: 'slot', kind: 'regular', description: inputs.instruction },
      inputs: { ...rest, ...(files && { files: files.digest }) },
      ...{ createdAt: new Date(AT.getTime() - index), lastUsedAt: AT, useCount: 1 },
    };
  });
  return {
    find: async (key) => records.find((record) => record.key === key),
    put: async () => {},
    claim: async () => ({ [Symbol.asyncDispose]: async () => {} }),
    prepare: () => {},
    touch: () => {},
    latestFor: () => records,
    filesOf: async (record) => {
      const found = kept[records.indexOf(record)];
      return found?.isListLost ? undefined : (found?.inputs.files?.list() ?? []);
    },
    wasPruned: (key) => pruned.some((inputs) => stepKey(inputs) === key),
  };
}

async function told(cache: BuildCache, inputs: StepInputs, more: Partial<ExplainedStep> = {}) {
  const step = { inputs, slot: 'slot', description: inputs.instruction, ...more };
  return explanationText(await explain(step, cache));
}

describe('explain', () => {
  test('says since when a step is as it is', async () => {
    expect(await told(cacheOf([{ inputs: before }]), before)).toBe('unchanged since 2026-01-02T03:04:05Z');
  });

  test('says that the cache was not asked, that a prune took the step, that nothing is known of it', async () => {
    const cache = cacheOf([{ inputs: before }], [changed({ base: 'gone' })]);
    expect(await told(cache, before, { noCache: true })).toBe('--no-cache');
    expect(await told(cache, changed({ base: 'gone' }))).toBe('removed by prune');
    expect(await told(cacheOf([]), before)).toBe('never built here');
  });

  test.each<{ name: string; from?: StepInputs; to: StepInputs; want: string }>([
    {
      name: 'another base',
      to: changed({ base: digestOf('alpine') }),
      want: `the base changed (from ${DEBIAN.slice(0, 19)} to ${digestOf('alpine').slice(0, 19)})`,
    },
    {
      name: 'an empty base',
      to: changed({ base: '' }),
      want: `the base changed (from ${DEBIAN.slice(0, 19)} to scratch)`,
    },
    {
      name: 'another instruction',
      to: changed({ instruction: 'RUN make all' }),
      want: 'instruction changed',
    },
    {
      name: 'another argument',
      to: changed({ values: { 'arg VERSION': '2' } }),
      want: 'argument VERSION changed from "1" to "2"',
    },
    {
      name: 'values that come and go',
      to: changed({ values: { user: 'me', 'env PATH': '/bin' } }),
      want: 'argument VERSION is gone, was "1"; variable PATH is new: "/bin"; user is new: "me"',
    },
    {
      name: 'values that are long, or speak to the terminal',
      to: changed({ values: { 'arg VERSION': `\u001b[31m${'x'.repeat(100)}` } }),
      want: `argument VERSION changed from "1" to "\\u001b[31m${'x'.repeat(55)}…"`,
    },
    {
      name: 'files',
      from: changed({
        files: filesOf({ b: state('b'), d: state('d'), 'src/a.ts': state('a'), x: state('x') }),
      }),
      to: changed({
        files: filesOf({ b: state('b', 0o755), c: state('c'), 'src/a.ts': state('A'), x: state('x') }),
      }),
      want: '4 files changed: b (mode), src/a.ts (content), + c (new), - d (gone)',
    },
    {
      name: 'a file of another type, and one whose state says nothing',
      from: changed({ files: filesOf({ a: state('a'), 'b\u00c3\u00a4\n': 'one' }) }),
      to: changed({
        files: filesOf({
          a: formatFileState({ type: 'symlink', mode: 0o777, uid: 0, gid: 0, target: 'b' }),
          'b\u00c3\u00a4\n': 'two',
        }),
      }),
      want: '2 files changed: a (type), bä\\u000a',
    },
    {
      name: 'one file',
      from: changed({ files: filesOf({ a: state('a') }) }),
      to: changed({ files: filesOf({ a: state('b', 0o600) }) }),
      want: '1 file changed: a (mode, content)',
    },
    {
      name: 'files where there were none',
      to: changed({ files: filesOf({ a: state('a') }) }),
      want: '1 file changed: + a (new)',
    },
  ])('tells of $name', async ({ from = before, to, want }) => {
    expect(await told(cacheOf([{ inputs: from }]), to)).toBe(want);
  });

  test('names few of many files, and none when their list is lost', async () => {
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`f${i}`, state(`${i}`)]));
    const inputs = changed({ files: filesOf(many) });
    const empty = changed({ files: filesOf({}) });
    expect(await told(cacheOf([{ inputs }]), empty)).toMatch(
      /^1000 files changed: - f0 \(gone\), .*- f9 \(gone\), and 990 more$/,
    );
    expect(await told(cacheOf([{ inputs, isListLost: true }]), empty)).toBe('files changed');
  });

  test('compares with the nearest record, and with the newest of equally near ones', async () => {
    const far = changed({ base: '', instruction: 'RUN other' });
    const [near, older] = ['3', '4'].map((version) => changed({ values: { 'arg VERSION': version } }));
    const cache = cacheOf([{ inputs: far }, { inputs: near! }, { inputs: older! }]);
    expect(await told(cache, before)).toBe('argument VERSION changed from "3" to "1"');
  });
});
