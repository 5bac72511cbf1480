import type { ArgInstruction } from '@wherry/dockerfile';
import { describe, expect, test } from 'vitest';
import { environmentOf } from '../image/environment.ts';
import { StageArguments } from './stage-arguments.ts';

const NO_ENV = new Map<string, string>();

function arg(key: string, value?: string): ArgInstruction {
  const args = [{ key, ...(value !== undefined && { value }) }];
  return { kind: 'arg', args, text: '', location: { startLine: 1, endLine: 1 } };
}

function argumentsOf(given: Record<string, string | undefined>, globals: Record<string, string> = {}) {
  return new StageArguments({ given, globals: new Map(Object.entries(globals)) });
}

describe('arguments of a stage', () => {
  test.each([
    { name: 'the user', given: { V: 'user' }, own: 'own', globals: { V: 'global' }, expected: 'user' },
    { name: 'its own default', given: {}, own: 'own', globals: { V: 'global' }, expected: 'own' },
    { name: 'the global one', given: {}, own: undefined, globals: { V: 'global' }, expected: 'global' },
    { name: 'nobody', given: {}, own: undefined, globals: {}, expected: undefined },
    {
      name: 'its own default, named in vain',
      given: { V: undefined },
      own: 'own',
      globals: {},
      expected: 'own',
    },
  ])('have the value of $name', ({ given, own, globals, expected }) => {
    const args = argumentsOf(given, globals);
    args.declare(arg('V', own));
    expect(args.effective(NO_ENV).get('V')).toBe(expected);
  });

  test('are out of scope before they are declared, and hidden by the environment', () => {
    const args = argumentsOf({ V: '1' });
    expect(args.effective(NO_ENV).size).toBe(0);
    args.declare(arg('V'));
    expect(args.effective(new Map([['V', 'env']])).size).toBe(0);
  });

  test('are inherited, and not handed back', () => {
    const below = argumentsOf({});
    below.declare(arg('A', '1'));
    const above = new StageArguments({ given: {}, globals: NO_ENV }, below);
    above.declare(arg('B', '2'));
    expect([...above.effective(NO_ENV)]).toEqual([
      ['A', '1'],
      ['B', '2'],
    ]);
    expect([...below.effective(NO_ENV)]).toEqual([['A', '1']]);
  });

  test('know proxies that nobody declared', () => {
    const args = argumentsOf({ http_proxy: 'p', NO_PROXY: 'n', OTHER: 'o' });
    args.declare(arg('NO_PROXY'));
    expect(Object.fromEntries(args.proxies())).toEqual({ HTTP_PROXY: 'p', http_proxy: 'p', no_proxy: 'n' });
  });

  test('tell what was given in vain, proxies and what the build itself reads aside', () => {
    const given = { B: '1', A: '2', https_proxy: 'p', SOURCE_DATE_EPOCH: '1', C: '' };
    expect(StageArguments.unused(given, new Set(['C']))).toEqual(['A', 'B']);
  });
});

test('the environment of a config has the last of two values', () => {
  expect([...environmentOf(['A=1', 'B', 'A=2=3'])]).toEqual([
    ['A', '2=3'],
    ['B', ''],
  ]);
});
