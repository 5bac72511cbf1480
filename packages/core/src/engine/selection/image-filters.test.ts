import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isWherryError } from '../../errors.ts';
import { parseReference } from '../../reference.ts';
import { imageFixture } from '../../testing/metadata-store-suite.ts';
import {
  type FilterRules,
  LIST_FILTERS,
  matchesFacts,
  matchesLabels,
  PRUNE_FILTERS,
  parseImageFilters,
} from './image-filters.ts';

const NOW = new Date('2026-11-23T21:48:09Z');

function parse(texts: readonly string[], rules: FilterRules = LIST_FILTERS) {
  return parseImageFilters(texts, rules, NOW);
}

describe('parseImageFilters', () => {
  test.each([
    { texts: ['dangling=true'], rules: LIST_FILTERS, dangling: true },
    { texts: [' DANGLING = false '], rules: LIST_FILTERS, dangling: false },
    { texts: ['dangling=false', 'dangling=true'], rules: LIST_FILTERS, dangling: true },
    { texts: ['dangling=1'], rules: PRUNE_FILTERS, dangling: true },
    { texts: ['dangling=0', 'dangling=true'], rules: PRUNE_FILTERS, dangling: false },
    { texts: ['', 'label=a'], rules: LIST_FILTERS, dangling: undefined },
  ])('reads dangling of $texts', ({ texts, rules, dangling }) =>
    expect(parse(texts, rules).dangling).toBe(dangling),
  );

  test('keeps a value once, with what stands behind its first equals sign', () => {
    const { labels } = parse(['label=a=b=c', 'label=a=b=c', 'label!=d', 'label=e='], PRUNE_FILTERS);
    expect(labels).toEqual([
      { key: 'a', value: 'b=c', isNegated: false },
      { key: 'e', value: '', isNegated: false },
      { key: 'd', isNegated: true },
    ]);
  });

  test.each([
    { texts: ['nosuch=1'], message: "Invalid filter 'nosuch'" },
    { texts: ['until=24h'], message: "Invalid filter 'until'" },
    { texts: ['label!=x'], message: "Invalid filter 'label!'" },
    { texts: ['size=1MB'], message: "Invalid filter 'size'" },
    { texts: ['toString=1'], message: "Invalid filter 'tostring'" },
    { texts: ['dangling=1'], message: "Invalid filter 'dangling=[1]'" },
    { texts: ['dangling=no', 'dangling=maybe'], message: "Invalid filter 'dangling=[no maybe]'" },
    { texts: ['dangling'], message: 'bad format of filter (expected name=value)' },
    { texts: ['reference=['], message: 'syntax error in pattern' },
    { texts: ['size>big'], message: "invalid size: 'big'" },
    { texts: ['before=a', 'reference=b', 'x<3'], message: 'bad format of filter (expected name=value)' },
  ])('refuses $texts for a list', ({ texts, message }) =>
    expect(() => parse(texts)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', message })),
  );

  test.each([
    { texts: ['before=a'], message: "Invalid filter 'before'" },
    { texts: ['until=1h', 'until=2h'], message: 'more than one until filter specified' },
    { texts: ['until=yesterday'], message: 'failed to parse value as time or duration: "yesterday"' },
  ])('refuses $texts for a prune', ({ texts, message }) =>
    expect(() => parse(texts, PRUNE_FILTERS)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message }),
    ),
  );

  test('reads any text, or says what is wrong with it', () => {
    const name = fc.constantFrom('dangling', 'label', 'label!', 'before', 'reference', 'until', 'size', '');
    const sign = fc.constantFrom('=', '<', '>', '>=', '<=', '!=', ' = ', '');
    const value = fc.oneof(
      fc.string(),
      fc.string({ unit: 'binary' }),
      fc.stringMatching(/^[0-9.+\-TZ:hms kMGiB[\]\\^*?]*$/),
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.tuple(name, sign, value).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(
        fc.array(text, { maxLength: 3 }),
        fc.constantFrom(LIST_FILTERS, PRUNE_FILTERS),
        (texts, rules) => {
          try {
            const filters = parse(texts, rules);
            matchesFacts(filters, imageFixture('a').facts);
            filters.matchesName?.(parseReference('ubuntu:24.04'));
          } catch (error) {
            if (!isWherryError(error, 'INVALID_ARGUMENT')) throw error;
          }
        },
      ),
      { seed: 20261123, numRuns: 3000 },
    );
  });
});

describe('filters on what an image is', () => {
  const { facts } = imageFixture('a');
  const image = { ...facts, size: 100_000_000, created: '2026-01-01T00:00:00.5Z' };

  test.each([
    { texts: ['size>99MB'], matches: true },
    { texts: ['size>100MB'], matches: false },
    { texts: ['size >= 100MB'], matches: true },
    { texts: ['size<0.1GB'], matches: false },
    { texts: ['size<=0.1GB'], matches: true },
    { texts: ['size>50MB', 'size<60MB'], matches: false },
    { texts: ['until=2026-01-01T00:00:01Z'], matches: true },
    { texts: ['until=2026-01-01T00:00:00Z'], matches: false },
    { texts: ['until=24h'], matches: true },
  ])('$texts: $matches', ({ texts, matches }) =>
    expect(matchesFacts(parse(texts, PRUNE_FILTERS), image)).toBe(matches),
  );

  test('takes an image without a time for the oldest', () => {
    const { created: _, ...ageless } = image;
    const filters = parse(['until=0001-01-02T00:00:00Z'], PRUNE_FILTERS);
    for (const created of [undefined, '0001-01-01T00:00:00Z', 'nonsense'])
      expect(matchesFacts(filters, { ...ageless, ...(created && { created }) })).toBe(true);
  });
});

describe('filters on labels', () => {
  const labels = { tier: 'web', keep: '' };

  test.each([
    { texts: ['label=tier'], matches: true },
    { texts: ['label=tier=web'], matches: true },
    { texts: ['label=tier=db'], matches: false },
    { texts: ['label=tier', 'label=nosuch'], matches: false },
    { texts: ['label=keep='], matches: true },
    { texts: ['label=constructor'], matches: false },
    { texts: ['label!=tier'], matches: false },
    { texts: ['label!=tier=db'], matches: true },
    { texts: ['label!=tier', 'label!=nosuch'], matches: false },
    { texts: ['label=tier', 'label!=nosuch'], matches: true },
  ])('$texts: $matches', ({ texts, matches }) =>
    expect(matchesLabels(parse(texts, PRUNE_FILTERS), labels)).toBe(matches),
  );

  test.each(['label=a', 'label!=a'])('%s does not hold of labels that nobody knows', (text) =>
    expect(matchesLabels(parse([text], PRUNE_FILTERS), undefined)).toBe(false),
  );
});

describe('filters on names', () => {
  test.each([
    { patterns: ['ubuntu'], name: 'ubuntu:18.04', matches: true },
    { patterns: ['ub*:18*'], name: 'ubuntu:18.04', matches: true },
    { patterns: ['ubuntu:2*'], name: 'ubuntu:18.04', matches: false },
    { patterns: ['debian', 'ubuntu'], name: 'ubuntu:18.04', matches: true },
    { patterns: ['docker.io/library/ubuntu'], name: 'ubuntu:18.04', matches: false },
    { patterns: ['*/*/app:1.*'], name: '127.0.0.1:5055/team/app:1.1', matches: true },
    { patterns: ['hello-world'], name: `hello-world@sha256:${'0'.repeat(64)}`, matches: true },
  ])('$patterns and $name: $matches', ({ patterns, name, matches }) => {
    const { matchesName } = parse(patterns.map((pattern) => `reference=${pattern}`));
    expect(matchesName?.(parseReference(name))).toBe(matches);
  });
});
