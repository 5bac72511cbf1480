import { describe, expect, test } from 'vitest';
import type { Digest } from '../../digest.ts';
import type { BuildCacheRecord } from '../../metadata/build-cache-store.ts';
import { digestOf } from '../../testing/metadata-store-suite.ts';
import type { BuildCacheEntry, HeldEntry } from './cache-entries.ts';
import { choosePruned, type PruneChoice } from './prune-choice.ts';

const AT = new Date('2026-01-02T03:04:05Z');

/** A step of 10 bytes that was used `age` minutes ago. */
function step(
  id: string,
  age: number,
  more: Partial<BuildCacheEntry> & { readonly layer?: string } = {},
): HeldEntry {
  const { layer = id, ...rest } = more;
  const lastUsedAt = new Date(AT.getTime() - age * 60_000);
  const digest: Digest = digestOf(layer);
  const entry: BuildCacheEntry = {
    ...{ id, type: 'regular', description: `RUN ${id}`, bytes: 10, createdAt: AT, lastUsedAt, useCount: 1 },
    ...{ isInUse: false, isShared: false },
    ...rest,
  };
  const record: BuildCacheRecord = {
    ...{ key: id, slot: '', kind: 'regular', description: '', createdAt: AT, lastUsedAt, useCount: 1 },
    inputs: { base: '', instruction: '', values: {} },
    layer: { digest, diffID: digest, size: 10 },
  };
  return { entry, record };
}

function choose(entries: readonly HeldEntry[], choice: Partial<PruneChoice> = {}): string {
  const defaults = { all: false, isMeant: () => true, freeBytes: 1000 };
  return choosePruned(entries, { ...defaults, ...choice })
    .map(({ entry }) => entry.id)
    .join(' ');
}

const four = [step('d', 1), step('c', 2), step('b', 3), step('a', 4)];

describe('choosePruned', () => {
  test.each<{ name: string; choice: Partial<PruneChoice>; want: string }>([
    { name: 'without limits all', choice: {}, want: 'a b c d' },
    { name: 'what is meant', choice: { isMeant: ({ id }) => id > 'b' }, want: 'c d' },
    { name: 'what is beyond the reserve', choice: { reservedBytes: 20 }, want: 'a b' },
    { name: 'a whole step for a byte', choice: { reservedBytes: 39 }, want: 'a' },
    { name: 'nothing below the reserve', choice: { reservedBytes: 40 }, want: '' },
    { name: 'what is beyond the maximum', choice: { maxUsedBytes: 15 }, want: 'a b c' },
    { name: 'no more than the reserve allows', choice: { maxUsedBytes: 5, reservedBytes: 30 }, want: 'a' },
    { name: 'what the disk wants', choice: { minFreeBytes: 1011 }, want: 'a b' },
    { name: 'nothing of a disk with room', choice: { minFreeBytes: 1000 }, want: '' },
    {
      name: 'the reserve from what the disk wants',
      choice: { minFreeBytes: 5000, reservedBytes: 30 },
      want: 'a',
    },
    {
      name: 'the lower of two limits',
      choice: { minFreeBytes: 1010, maxUsedBytes: 20 },
      want: 'a b',
    },
    {
      name: 'of what is meant, to a limit of all',
      choice: { reservedBytes: 30, isMeant: ({ id }) => id === 'd' },
      want: 'd',
    },
  ])('takes $name', ({ choice, want }) => {
    expect(choose(four, choice)).toBe(want);
  });

  test('leaves what is in use, and what images have unless all is asked for', () => {
    const entries = [step('a', 3, { isInUse: true }), step('b', 2, { isShared: true }), step('c', 1)];
    expect(choose(entries)).toBe('c');
    expect(choose(entries, { all: true })).toBe('b c');
  });

  test('does not count what images have', () => {
    const entries = [step('b', 2, { isShared: true }), step('c', 1)];
    expect(choose(entries, { reservedBytes: 10 })).toBe('');
  });

  test('counts a layer of several steps until the last of them goes', () => {
    const entries = [step('a', 3, { layer: 'x' }), step('b', 2, { layer: 'x' }), step('c', 1)];
    expect(choose(entries, { reservedBytes: 10 })).toBe('a b');
  });

  test('takes a step after those that stand on it, and never sooner than they were used', () => {
    const chain = [step('base', 9), step('top', 1, { parent: 'base' }), step('other', 5)];
    expect(choose(chain)).toBe('other top base');
    const circle = [step('a', 1, { parent: 'b' }), step('b', 2, { parent: 'a' }), step('c', 3)];
    expect(choose(circle).split(' ').sort().join(' ')).toBe('a b c');
  });
});
