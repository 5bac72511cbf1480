import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Digest } from '../../../digest.ts';
import { closestPrefix, matchesPattern } from './name-pattern.ts';
import { type RetentionRule, tagFates } from './tag-fates.ts';

const DAY_MS = 24 * 3600 * 1000;
const NOW = new Date('2026-06-30T00:00:00Z');
const DIGEST = `sha256:${'0'.repeat(64)}` as Digest;

const tagOf = (name: string, ageDays: number, repository = 'team/app') => ({
  repository,
  tag: name,
  digest: DIGEST,
  pushedAt: new Date(NOW.getTime() - ageDays * DAY_MS),
});
const TAGS = [tagOf('latest', 90), tagOf('v1', 60), tagOf('v2', 30), tagOf('dev-3', 3), tagOf('dev-4', 1)];

function told(rule: Omit<RetentionRule, 'prefix'>, prefix = 'team'): string[] {
  return tagFates(TAGS, [{ prefix, ...rule }], NOW).map(
    ({ tag, isKept, reason }) => `${isKept ? '+' : '-'}${tag}: ${reason}`,
  );
}

describe('retention', () => {
  test('keeps the newest, of which pinned tags are none', () => {
    expect(told({ keepNewest: 2, pinned: ['latest', 'dev-4'] })).toEqual([
      '+latest: pinned by "latest"',
      '-v1: not among the 2 newest',
      '+v2: among the 2 newest',
      '+dev-3: among the 2 newest',
      '+dev-4: pinned by "dev-4"',
    ]);
  });

  test('keeps what one of the rules speaks for', () => {
    expect(told({ keepNewest: 1, keepNewerThanMs: 30 * DAY_MS, keepMatching: ['v*'] })).toEqual([
      '-latest: older than 30d, not among the 1 newest, matches no pattern',
      '+v1: matches "v*"',
      '+v2: matches "v*"',
      '+dev-3: newer than 30d',
      '+dev-4: among the 1 newest',
    ]);
  });

  test('says nothing of repositories that no rule speaks of, and follows the closest', () => {
    expect(told({ keepNewest: 0 }, 'tea')).toEqual([]);
    const rules = [
      { prefix: '', keepNewest: 0 },
      { prefix: 'team/app', keepNewest: 5 },
    ];
    expect(tagFates(TAGS, rules, NOW).every(({ isKept }) => isKept)).toBe(true);
  });

  test('asks whether an image is pinned', () => {
    const fates = tagFates(TAGS, [{ prefix: '', keepNewest: 0 }], NOW, ({ tag }) => tag === 'v1');
    expect(fates.filter(({ isKept }) => isKept).map(({ reason }) => reason)).toEqual(['its image is pinned']);
  });
});

describe('a pattern', () => {
  test.each([
    { pattern: '*', name: '', fits: true },
    { pattern: 'v*', name: 'v1.2', fits: true },
    { pattern: 'v*', name: 'dev', fits: false },
    { pattern: '*-rc?', name: '1.0-rc1-rc2', fits: true },
    { pattern: '*-rc?', name: '1.0-rc', fits: false },
    { pattern: 'team/*', name: 'team/a/b', fits: true },
    { pattern: 'v1.0', name: 'v1x0', fits: false },
    { pattern: `${'*a'.repeat(30)}b`, name: 'a'.repeat(5000), fits: false },
  ])('$pattern of $name', ({ pattern, name, fits }) => expect(matchesPattern(pattern, name)).toBe(fits));

  test('fits as the same regular expression', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 });
    fc.assert(
      fc.property(text, text, (pattern, name) => {
        const source = pattern.replaceAll('*', '[^]*').replaceAll('?', '[^]');
        expect(matchesPattern(pattern, name)).toBe(new RegExp(`^${source}$`).test(name));
      }),
      { seed: 20_260_601 },
    );
  });

  test('the closest prefix ends at a slash', () => {
    const rules = ['', 'team', 'team/app'].map((prefix) => ({ prefix }));
    expect(closestPrefix(rules, 'team/apple')?.prefix).toBe('team');
    expect(closestPrefix(rules, 'teams')?.prefix).toBe('');
    expect(closestPrefix(rules.slice(1), 'teams')).toBeUndefined();
  });
});
