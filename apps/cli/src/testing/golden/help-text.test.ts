import { describe, expect, test } from 'vitest';
import { comparableHelp, listedNames } from './help-text.ts';

const DOCKER = `Usage:  wherry pull [OPTIONS] NAME

Download an image

Options:
  -a, --all-tags        Download all
                        of them
      --platform string Set it
  -q, --quiet           Suppress output
`;

function help(stdout: string) {
  return { exit: 0, stdout, stderr: '' };
}

function compared(actual: string) {
  const both = comparableHelp({ expected: help(DOCKER), actual: help(actual) });
  return { isEqual: both.actual.stdout === both.expected.stdout, ...both };
}

describe('help texts', () => {
  test('list names, whatever their texts', () => {
    expect(listedNames(DOCKER.replace('string Set', 'string   Set'))).toEqual([
      '-a, --all-tags',
      '--platform string',
      '-q, --quiet',
    ]);
  });

  test('may have options of their own between the others, and break lines elsewhere', () => {
    const actual = DOCKER.replace('string Set', 'string   Set')
      .replace('Download all\n                        of them', 'Download all of them')
      .replace('  -q,', '      --own int   Something\n                  else\n  -q,');
    const { expected } = comparableHelp({
      expected: help(DOCKER.replace('string Set', 'string   Set')),
      actual: help(actual),
    });
    expect(expected.stdout).toContain('\n  -a, --all-tags  Download all of them\n');
    expect(
      comparableHelp({ expected: help(DOCKER.replace('string Set', 'string   Set')), actual: help(actual) })
        .actual.stdout,
    ).toBe(expected.stdout);
  });

  test('may have a list of options that Docker has none of', () => {
    const plain = 'Usage:  wherry tag\n\nOptions:\n  -a  All\n\nCommands:\n  x  Y\n';
    const actual =
      'Usage:  wherry tag\n\nOptions:\n  -a  All\n\nCommands:\n  x  Y\n\nOwn Options:\n  --own  O\n';
    const both = comparableHelp({ expected: help(plain), actual: help(actual) });
    expect(both.actual.stdout).toBe(both.expected.stdout);
  });

  test.each([
    { name: 'another text', actual: DOCKER.replace('Suppress output', 'Be quiet') },
    {
      name: 'another text beside an own option',
      actual: DOCKER.replace(
        '  -q, --quiet           Suppress',
        '      --own             X\n  -q, --quiet   Hide',
      ),
    },
    {
      name: 'another order beside an own option',
      actual: DOCKER.replace(/( {2}-a[\s\S]*them\n)([\s\S]*)$/, '$2      --own             X\n$1'),
    },
    { name: 'an option less', actual: DOCKER.replace(/ {2}-q.*\n/, '') },
    {
      name: 'another description beside an own option',
      actual: DOCKER.replace('Download an', 'Get an').replace('  -q,', '      --own             X\n  -q,'),
    },
  ])('differ by $name', ({ actual }) => expect(compared(actual).isEqual).toBe(false));
});
