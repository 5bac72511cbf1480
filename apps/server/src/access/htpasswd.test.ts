import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nameProblem, parseHtpasswd, withAccount, withoutAccount } from './htpasswd.ts';

const HASH = `$2y$10$${'a'.repeat(53)}`;
const OTHER = `$2b$05$${'b'.repeat(53)}`;

test('accounts are read, and what says nothing is left out', () => {
  const text = `\uFEFF# of the team\r\nada:${HASH}\r\n\r\n  \nb.o-b@x:${OTHER}`;
  expect([...parseHtpasswd(text, 'users')]).toEqual([
    ['ada', HASH],
    ['b.o-b@x', OTHER],
  ]);
  expect(parseHtpasswd('', 'users').size).toBe(0);
});

test.each([
  { name: 'no colon', line: 'ada', want: '2:1: no NAME:HASH' },
  { name: 'plain text', line: 'ada:secret', want: '2:5: no bcrypt hash' },
  { name: 'MD5', line: 'ada:$apr1$x$y', want: '2:5: no bcrypt hash' },
  { name: 'SHA-1', line: 'ada:{SHA}x', want: '2:5: no bcrypt hash' },
  { name: 'crypt of another kind', line: `ada:$2x$10$${'a'.repeat(53)}`, want: '2:5: no bcrypt hash' },
  { name: 'a hash that is cut', line: `ada:${HASH.slice(0, -1)}`, want: '2:5: no bcrypt hash' },
  { name: 'something behind the hash', line: `ada:${HASH}:x`, want: '2:5: no bcrypt hash' },
  {
    name: 'a cost that would take hours',
    line: `ada:$2b$31$${'a'.repeat(53)}`,
    want: '2:5: the hash has a cost of 31',
  },
  {
    name: 'a cost that is none',
    line: `ada:$2b$03$${'a'.repeat(53)}`,
    want: '2:5: the hash has a cost of 3,',
  },
  { name: 'a name twice', line: `root:${HASH}`, want: '2:1: "root" stands here a second time' },
  { name: 'no name', line: `:${HASH}`, want: '2:1: an account has no name' },
  { name: 'the name of nobody', line: `anonymous:${HASH}`, want: '2:1: "anonymous" is no name' },
])('a file with $name is refused', ({ line, want }) => {
  expect(() => parseHtpasswd(`root:${HASH}\n${line}\n`, '/etc/users')).toThrow(`/etc/users:${want}`);
});

describe('a change of the file', () => {
  test('leaves all else as it is', () => {
    const text = `# one\nada:${HASH}\n\nbob:${HASH}\n`;
    expect(withAccount(text, 'ada', OTHER)).toBe(`# one\nada:${OTHER}\n\nbob:${HASH}\n`);
    expect(withAccount(text, 'eve', OTHER)).toBe(`${text}eve:${OTHER}\n`);
    expect(withAccount(`ada:${HASH}`, 'eve', OTHER)).toBe(`ada:${HASH}\neve:${OTHER}\n`);
    expect(withoutAccount(text, 'ada')).toBe(`# one\n\nbob:${HASH}\n`);
    expect(withoutAccount(text, 'eve')).toBeUndefined();
    expect(withoutAccount(`ada:${HASH}\n`, 'ada')).toBe('');
  });

  test('is read as what was written, whatever the names', () => {
    const name = fc
      .string({ unit: 'binary', maxLength: 20 })
      .filter((text) => nameProblem(text) === undefined);
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 5 }), (names) => {
        const text = names.reduce((before, one) => withAccount(before, one, HASH), '');
        expect([...parseHtpasswd(text, 'users').keys()]).toEqual(names);
        const left = names.reduce((before, one) => withoutAccount(before, one) ?? 'not there', text);
        expect(left).toBe('');
      }),
      { seed: 20_260_612, numRuns: 300 },
    );
  });
});
