import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Right } from './caller.ts';
import { matchesRepository, Rules } from './rules.ts';
import type { AccessRule } from './settings.ts';

const SEED = 20_260_611;
const RIGHTS: readonly Right[] = ['pull', 'push', 'delete'];

describe('a pattern', () => {
  test.each([
    { pattern: '*', repository: 'a', want: true },
    { pattern: 'team/app', repository: 'team/app', want: true },
    { pattern: 'team/app', repository: 'team/app/x', want: false },
    { pattern: 'team/*', repository: 'team/app', want: true },
    { pattern: 'team/*', repository: 'team/a/b/c', want: true },
    { pattern: 'team/*', repository: 'team', want: false },
    { pattern: 'team/*', repository: 'team/', want: false },
    { pattern: 'team/*', repository: 'teamwork/app', want: false },
    { pattern: 'team/*', repository: 'x/team/app', want: false },
  ])('$pattern: $repository is $want', ({ pattern, repository, want }) => {
    expect(matchesRepository(pattern, repository)).toBe(want);
  });
});

const name = fc.constantFrom('ada', 'bob', 'eve');
const part = fc.constantFrom('a', 'b', 'team', 'teamwork');
const repository = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
const pattern = fc.oneof(
  fc.constant('*'),
  repository,
  repository.map((path) => `${path}/*`),
);
const rule: fc.Arbitrary<AccessRule> = fc.record({
  repositories: pattern,
  users: fc.array(fc.oneof(name, fc.constantFrom('*', 'anonymous')), { minLength: 1, maxLength: 3 }),
  rights: fc.subarray([...RIGHTS], { minLength: 1 }),
});
const someone = fc.option(name, { nil: undefined });
const right = fc.constantFrom(...RIGHTS);

function always<T extends [unknown, ...unknown[]]>(...args: Parameters<typeof fc.property<T>>): void {
  fc.assert(fc.property<T>(...args), { seed: SEED, numRuns: 500 });
}

describe('rules', () => {
  test('without any, accounts may do all and nobody else anything', () => {
    const rules = new Rules([]);
    expect([rules.may('ada', 'delete', 'x'), rules.may(undefined, 'pull', 'x')]).toEqual([true, false]);
    expect(rules.opensToAnyone).toBe(false);
  });

  test('only add up: one more takes nothing away', () => {
    always(
      fc.array(rule, { minLength: 1 }),
      rule,
      someone,
      right,
      repository,
      (rules, more, who, what, where) => {
        if (new Rules(rules).may(who, what, where))
          expect(new Rules([...rules, more]).may(who, what, where)).toBe(true);
      },
    );
  });

  test('say the same in any order', () => {
    always(fc.array(rule), someone, right, repository, (rules, who, what, where) => {
      expect(new Rules(rules.toReversed()).may(who, what, where)).toBe(
        new Rules(rules).may(who, what, where),
      );
    });
  });

  test('give an account no less than nobody has', () => {
    always(fc.array(rule), name, right, repository, (rules, who, what, where) => {
      const one = new Rules(rules);
      if (one.may(undefined, what, where)) expect(one.may(who, what, where)).toBe(true);
    });
  });

  test('give nothing that none of them names', () => {
    always(fc.array(rule, { minLength: 1 }), someone, right, repository, (rules, who, what, where) => {
      if (!new Rules(rules).may(who, what, where)) return;
      const named = rules.some(
        ({ repositories, rights, users }) =>
          rights.includes(what) &&
          users.some(
            (user) => user === 'anonymous' || (who !== undefined && (user === '*' || user === who)),
          ) &&
          (repositories === '*' ||
            where === repositories ||
            where.startsWith(repositories.replace(/\*$/, ''))),
      );
      expect(named).toBe(true);
    });
  });
});
