import type { Housekeeping } from '@wherry/core';
import { WherryError } from '@wherry/core';
import { expect, test } from 'vitest';
import { HousekeepingSchedule } from './schedule.ts';
import { DEFAULT_GC_SETTINGS, prefixOf } from './settings.ts';

const RULE = { prefix: 'team/*', keepNewest: 3, keepMatching: ['v*'], pinned: [] };

function houseOf(steps: string[], more: Partial<Housekeeping> = {}) {
  const done = Promise.withResolvers<void>();
  const housekeeping: Housekeeping = {
    takeTurn: (ms) => {
      steps.push(`turn ${ms}`);
      return true;
    },
    applyRetention: async ({ rules }) => {
      steps.push(`retention ${JSON.stringify(rules)}`);
      return { fates: [], removed: [] };
    },
    collectGarbage: async (request) => {
      steps.push(`gc ${JSON.stringify(request)}`);
      done.resolve();
      return { items: [{ kind: 'blob', subject: 'x', bytes: 7 }], trashedBytes: 7, reclaimedBytes: 0 };
    },
    ...more,
  };
  return { housekeeping, done };
}

test('lets tags go before it collects, and says what it did', async () => {
  const [steps, log]: [string[], string[]] = [[], []];
  const { housekeeping, done } = houseOf(steps);
  const settings = { gc: { ...DEFAULT_GC_SETTINGS, interval: 1 }, retention: { rule: [RULE] } };
  const schedule = new HousekeepingSchedule(settings, { housekeeping, log: (line) => log.push(line) });
  const counted: unknown[] = [];
  const count = (...what: unknown[]) => void counted.push(what);
  schedule.count({ done: ({ trashedBytes }) => count(trashedBytes), failed: count, untagged: count });
  await done.promise;
  await schedule[Symbol.asyncDispose]();
  expect(counted.slice(0, 2)).toEqual([[0], [7]]);
  expect(steps.slice(0, 3)).toEqual([
    'turn 1',
    'retention [{"prefix":"team","keepMatching":["v*"],"pinned":[],"keepNewest":3}]',
    'gc {"keepUntagged":true,"trashGraceMs":86400000,"uploadMaxAgeMs":86400000}',
  ]);
  expect(log[0]).toBe('gc: 7 bytes moved to the trash, 0 bytes given back');
});

test('goes on after a failure', async () => {
  const [steps, log]: [string[], string[]] = [[], []];
  const again = Promise.withResolvers<void>();
  const { housekeeping } = houseOf(steps, {
    collectGarbage: async () => {
      if (log.length > 0) again.resolve();
      throw new WherryError('NO_SPACE', 'no space left');
    },
  });
  const settings = { gc: { ...DEFAULT_GC_SETTINGS, interval: 1 }, retention: { rule: [] } };
  const schedule = new HousekeepingSchedule(settings, { housekeeping, log: (line) => log.push(line) });
  await again.promise;
  await schedule[Symbol.asyncDispose]();
  expect(log[0]).toBe('gc: no space left');
});

test('goes by other settings as soon as it has them', async () => {
  const steps: string[] = [];
  const { housekeeping, done } = houseOf(steps);
  const never = { gc: { ...DEFAULT_GC_SETTINGS, interval: 0 }, retention: { rule: [] } };
  const schedule = new HousekeepingSchedule(never, { housekeeping, log: () => {} });
  schedule.update({ gc: { ...DEFAULT_GC_SETTINGS, interval: 2, trashGrace: 5 }, retention: { rule: [] } });
  await done.promise;
  schedule.update(never);
  await schedule[Symbol.asyncDispose]();
  expect(steps.slice(0, 2)).toEqual([
    'turn 2',
    'gc {"keepUntagged":true,"trashGraceMs":5,"uploadMaxAgeMs":86400000}',
  ]);
});

test('does nothing where it is not to', async () => {
  const steps: string[] = [];
  const { housekeeping } = houseOf(steps);
  const settings = { gc: { ...DEFAULT_GC_SETTINGS, interval: 0 }, retention: { rule: [] } };
  await new HousekeepingSchedule(settings, { housekeeping, log: () => {} })[Symbol.asyncDispose]();
  expect(steps).toEqual([]);
});

test.each([
  { text: '*', prefix: '' },
  { text: '', prefix: '' },
  { text: 'team', prefix: 'team' },
  { text: 'team/', prefix: 'team' },
  { text: 'team/*', prefix: 'team' },
])('the prefix $text is $prefix', ({ text, prefix }) => expect(prefixOf(text)).toBe(prefix));
