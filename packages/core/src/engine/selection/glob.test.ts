import { describe, expect, test } from 'vitest';
import { globToRegExp } from './glob.ts';

describe('globToRegExp', () => {
  test.each([
    { pattern: 'ubuntu', yes: ['ubuntu'], no: ['ubuntu:1', 'xubuntu', ''] },
    { pattern: 'ubu*', yes: ['ubuntu', 'ubu', 'ubuntu:18.04'], no: ['ubu/x', 'u'] },
    { pattern: 'ubuntu:2?.04', yes: ['ubuntu:20.04'], no: ['ubuntu:2.04', 'ubuntu:2/.04'] },
    { pattern: 'a.c', yes: ['a.c'], no: ['abc'] },
    { pattern: '*/*/*', yes: ['host:1/team/app'], no: ['team/app'] },
    { pattern: '[a-c]x', yes: ['ax', 'cx'], no: ['dx', 'abx'] },
    { pattern: '[^a-c]x', yes: ['dx'], no: ['ax'] },
    { pattern: '[\\-]x', yes: ['-x'], no: ['ax'] },
    { pattern: '\\*', yes: ['*'], no: ['a'] },
    { pattern: 'a(b)+{2}|$^', yes: ['a(b)+{2}|$^'], no: ['ab'] },
    { pattern: '', yes: [''], no: ['a'] },
  ])('matches as path.Match does: $pattern', ({ pattern, yes, no }) => {
    const expression = globToRegExp(pattern);
    for (const name of yes) expect([name, expression.test(name)]).toEqual([name, true]);
    for (const name of no) expect([name, expression.test(name)]).toEqual([name, false]);
  });

  test.each(['[', 'a[b', '\\', '[]', '[^]', '[\\', '[b-a]', '[a-]', '[-a]'])('refuses %j', (pattern) => {
    expect(() => globToRegExp(pattern)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: 'syntax error in pattern' }),
    );
  });
});
