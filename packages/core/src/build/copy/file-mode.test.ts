import { expect, test } from 'vitest';
import { parseMode } from './file-mode.ts';

test.each([
  ['755', 0o644, 0o755],
  ['07777', 0o644, 0o7777],
  ['0', 0o644, 0],
  ['u=rwX,go=rX', 0o600, 0o644],
  ['u=rwX,go=rX', 0o700, 0o755],
  ['a+x', 0o644, 0o755],
  ['+x', 0o644, 0o755],
  ['-w', 0o666, 0o444],
  ['go-rwx', 0o755, 0o700],
  ['g=u', 0o740, 0o770],
  ['o=g,g=', 0o750, 0o705],
  ['u+s', 0o755, 0o4755],
  ['ug+s,o+t', 0o755, 0o7755],
  ['+t', 0o777, 0o1777],
  ['o=rx', 0o1777, 0o1775],
  ['a=rx', 0o7777, 0o555],
  ['u=rw', 0o4755, 0o655],
  ['u+r-w+x', 0o200, 0o500],
  ['o=', 0o777, 0o770],
] as const)('%s makes of %o a %o', (text, mode, wanted) => {
  expect(parseMode(text)(mode, false)).toBe(wanted);
});

test('X is for directories too', () => {
  expect(parseMode('a=rX')(0o600, true)).toBe(0o555);
  expect(parseMode('a=rX')(0o600, false)).toBe(0o444);
});

test.each(['', '8', '0o755', '77777', '-1', 'u', 'z+r', 'u+q', 'u=rw,', ',', 'u=rw go=r', 'u+ur'])(
  '%j is no mode',
  (text) => {
    expect(() => parseMode(text)).toThrow(
      `invalid chmod parameter: '${text}'. it should be octal string and between 0 and 07777`,
    );
  },
);
