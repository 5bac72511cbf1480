import { expect, test } from 'vitest';
import { alignColumns, formatTable } from './table.ts';
import { ellipsis } from './width.ts';

test('pads every column but the last to its widest cell and three, ten at least', () => {
  expect(
    formatTable([
      ['REPOSITORY', 'TAG', 'SIZE'],
      ['127.0.0.1:5055/team/app', '1', '1.98MB'],
      ['a', '', ''],
    ]),
  ).toBe(
    'REPOSITORY                TAG       SIZE\n' +
      '127.0.0.1:5055/team/app   1         1.98MB\n' +
      'a                                   \n',
  );
});

test('counts a wide character as two cells and a combining one as none', () => {
  expect(
    formatTable([
      ['漢字漢字漢字', '|'],
      ['e\u0301tage-etage', '|'],
    ]),
  ).toBe('漢字漢字漢字   |\ne\u0301tage-etage    |\n');
});

test('gives a column that few rows have the width that those need', () => {
  expect(
    formatTable([
      ['NAME', 'STARS', 'OFFICIAL, A WIDE LAST CELL'],
      ['a', 'a cell that is long', '1', ''],
      ['b', '1', ''],
      ['c', '2', 'another long cell', ''],
    ]),
  ).toBe(
    'NAME      STARS                 OFFICIAL, A WIDE LAST CELL\n' +
      'a         a cell that is long   1         \n' +
      'b         1                     \n' +
      'c         2                     another long cell   \n',
  );
});

test('lets no control character of a cell reach the terminal', () => {
  expect(formatTable([['a\x1b[2Jb\n', 'c\u009b1m']])).toBe('a [2Jb    c 1m\n');
});

test('begins a cell at a tab', () => {
  expect(
    formatTable([
      ['NAME', 'STARS'],
      ['a\tb', '1'],
    ]),
  ).toBe('NAME      STARS\na         b         1\n');
});

test('ends a column at a line without it', () => {
  const lines = [['a', 'b'], ['a long cell', 'c', 'd'], ['alone'], ['e', 'f']];
  expect(alignColumns(lines)).toBe('a             b\na long cell   c         d\nalone\ne         f\n');
  expect(alignColumns(lines.slice(0, 1), { minWidth: 2, padding: 1 })).toBe('a b\n');
});

test.each([
  { text: 'a'.repeat(45), expected: 'a'.repeat(45) },
  { text: 'a'.repeat(46), expected: `${'a'.repeat(44)}…` },
  { text: '漢'.repeat(30), expected: `${'漢'.repeat(22)}…` },
  { text: '😀'.repeat(23), expected: `${'😀'.repeat(22)}…` },
])('cuts $text to 45 cells', ({ text, expected }) => {
  expect(ellipsis(text, 45)).toBe(expected);
});
