import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareTags, sortTags } from './tag-order.ts';

/** Any order but the right one, the same each time. */
function shuffled(tags: readonly string[]): string[] {
  return tags.toSorted((a, b) => (reversed(a) < reversed(b) ? -1 : 1));
}

const reversed = (text: string) => [...text].reverse().join('');

describe('sortTags, newest version first', () => {
  test.each([
    { name: 'numbers by value', tags: ['10.0.0', '9.10.0', '9.9.10', '9.9.9'] },
    {
      name: 'missing numbers as 0, the longer form first',
      tags: ['1.2.1', '1.2.0', '1.2', '1.1', '1.0', '1'],
    },
    { name: 'versions of more than three parts', tags: ['3.1.0.10', '3.1.0.9', '3.1.0', '3.1'] },
    { name: 'a leading v as nothing', tags: ['v1.3.0', '1.2.0', 'v1.2.0', 'v1.1.0', '1.0.0'] },
    { name: 'leading zeros as nothing', tags: ['24.10', '24.04', '24.4', '22.04'] },
    {
      name: "SemVer's own example of pre-releases",
      tags: [
        '1.0.0',
        '1.0.0-rc.1',
        '1.0.0-beta.11',
        '1.0.0-beta.2',
        '1.0.0-beta',
        '1.0.0-alpha.beta',
        '1.0.0-alpha.1',
        '1.0.0-alpha',
        '0.9.0',
      ],
    },
    {
      name: 'pre-releases whose number follows the word at once',
      tags: ['2.0', '2.0-rc10', '2.0-rc9', '2.0-RC1', '2.0-M2', '1.9'],
    },
    {
      name: 'variants behind the plain version, before its pre-releases',
      tags: [
        '1.27.0',
        '1.27.0-alpine',
        '1.27.0-alpine3.20',
        '1.27.0-alpine3.9',
        '1.27.0-perl',
        '1.27.0-rc.2',
        '1.27.0-rc.2-alpine',
        '1.27.0-rc.1',
        '1.26.0',
      ],
    },
    {
      name: 'revisions of a build, newest first',
      tags: ['3.7.1-debian-12-r10', '3.7.1-debian-12-r9', '3.7.0-02'],
    },
    { name: 'what stands for build metadata as a variant', tags: ['1.2.0', '1.2.0_2', '1.2.0_1', '1.1.0'] },
    {
      name: 'a word that only begins like a pre-release as a variant',
      tags: ['1.0', '1.0-develop', '1.0-rcs', '1.0-rc', '0.9'],
    },
    {
      name: 'what is no version at the end, by name',
      tags: ['1.0', '0.1', '1.x', '17rc1', 'Edge', 'alpine', 'latest', 'v', 'v1.', 'v1.0.'],
    },
    {
      name: 'numbers that no double holds',
      tags: ['9007199254740993', '9007199254740992', `1.${'9'.repeat(100)}`, `1.${'8'.repeat(100)}`],
    },
  ])('orders $name', ({ tags }) => {
    expect(sortTags(shuffled(tags), 'semver')).toEqual(tags);
    expect(sortTags(tags.toReversed(), 'semver')).toEqual(tags);
  });
});

describe('sortTags', () => {
  test.each([
    { order: 'name', sorted: ['10', '9', 'A', 'a', 'b'] },
    { order: 'none', sorted: ['b', '9', 'A', '10', 'a'] },
  ] as const)('in the order $order', ({ order, sorted }) => {
    expect(sortTags(['b', '9', 'A', '10', 'a'], order)).toEqual(sorted);
  });
});

describe('compareTags', () => {
  /** Few different pieces, so that tags agree in their beginnings. */
  const likeVersions = fc
    .array(fc.constantFrom('v', '0', '1', '01', '10', '.', '-', '_', 'rc', 'alpha', 'm', 'alpine', 'x'), {
      minLength: 1,
      maxLength: 9,
    })
    .map((pieces) => pieces.join(''));
  const tags = fc.oneof(likeVersions, fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}$/));

  test('is a total order: antisymmetric, transitive, and 0 for equal tags only', () => {
    fc.assert(
      fc.property(tags, tags, tags, (a, b, c) => {
        const order = (x: string, y: string) => Math.sign(compareTags(x, y));
        expect(order(a, b) + order(b, a)).toBe(0);
        expect(order(a, b) === 0).toBe(a === b);
        if (order(a, b) <= 0 && order(b, c) <= 0) expect(order(a, c)).toBeLessThanOrEqual(0);
      }),
      { seed: 1, numRuns: 5_000 },
    );
  });
});
