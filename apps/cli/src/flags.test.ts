import { describe, expect, test } from 'vitest';
import { FlagError, type FlagSpec, parseFlags } from './flags.ts';

const SPECS: readonly FlagSpec[] = [
  { name: 'all', short: 'a', type: 'bool', usage: '' },
  { name: 'quiet', short: 'q', type: 'bool', usage: '' },
  { name: 'human', short: 'H', type: 'bool', default: true, usage: '' },
  { name: 'output', short: 'o', type: 'string', usage: '' },
  { name: 'platform', type: 'string', usage: '' },
  { name: 'change', short: 'c', type: 'list', usage: '' },
  { name: 'jobs', type: 'int', usage: '' },
];

function parse(...argv: string[]) {
  const { flags, args, help } = parseFlags(SPECS, argv);
  const values: Record<string, unknown> = {};
  for (const { name, type } of SPECS) if (flags.changed(name)) values[name] = flags[type](name);
  return { values, args, ...(help === undefined ? {} : { help }) };
}

describe('parseFlags', () => {
  test.each([
    { name: 'no flags', argv: ['x', 'y'], values: {}, args: ['x', 'y'] },
    { name: 'a long flag', argv: ['--all', 'x'], values: { all: true }, args: ['x'] },
    { name: 'a long flag with a value', argv: ['--all=false', 'x'], values: { all: false }, args: ['x'] },
    {
      name: 'a boolean never takes the next argument',
      argv: ['--all', 'false'],
      values: { all: true },
      args: ['false'],
    },
    { name: 'a string after a space', argv: ['--output', 'f'], values: { output: 'f' }, args: [] },
    { name: 'a string after an equals sign', argv: ['--output=f=g'], values: { output: 'f=g' }, args: [] },
    { name: 'an empty string', argv: ['--output='], values: { output: '' }, args: [] },
    { name: 'a string that looks like a flag', argv: ['-o', '--all'], values: { output: '--all' }, args: [] },
    { name: 'a short string, joined', argv: ['-ofile'], values: { output: 'file' }, args: [] },
    { name: 'a short string, equals sign', argv: ['-o=file'], values: { output: 'file' }, args: [] },
    { name: 'a bundle', argv: ['-aq'], values: { all: true, quiet: true }, args: [] },
    {
      name: 'a bundle that ends in a string',
      argv: ['-aqofile'],
      values: { all: true, quiet: true, output: 'file' },
      args: [],
    },
    {
      name: 'a bundle that ends in a value',
      argv: ['-aq=false'],
      values: { all: true, quiet: false },
      args: [],
    },
    {
      name: 'a bundle before its argument',
      argv: ['-qo', 'f'],
      values: { quiet: true, output: 'f' },
      args: [],
    },
    { name: 'flags after arguments', argv: ['x', '-a', 'y'], values: { all: true }, args: ['x', 'y'] },
    { name: 'the last one counts', argv: ['-a', '--all=0'], values: { all: false }, args: [] },
    {
      name: 'a list in order',
      argv: ['-c', 'A', '--change=B', '-cC'],
      values: { change: ['A', 'B', 'C'] },
      args: [],
    },
    {
      name: 'nothing after two dashes',
      argv: ['-a', '--', '-q', '--'],
      values: { all: true },
      args: ['-q', '--'],
    },
    { name: 'a lone dash is an argument', argv: ['-', '-a'], values: { all: true }, args: ['-'] },
    { name: 'an empty argument', argv: ['', 'x'], values: {}, args: ['', 'x'] },
    { name: 'a number', argv: ['--jobs', '7'], values: { jobs: 7 }, args: [] },
    { name: 'a default that is turned off', argv: ['-H=false'], values: { human: false }, args: [] },
  ])('reads $name', ({ argv, values, args }) => {
    expect(parse(...argv)).toEqual({ values, args });
  });

  test.each(['1', 't', 'T', 'TRUE', 'true', 'True'])('takes %s for true', (text) => {
    expect(parse(`--all=${text}`).values).toEqual({ all: true });
  });

  test.each([
    { argv: ['--nosuch'], message: 'unknown flag: --nosuch' },
    { argv: ['--nosuch=1'], message: 'unknown flag: --nosuch' },
    { argv: ['-x'], message: "unknown shorthand flag: 'x' in -x" },
    { argv: ['-axq'], message: "unknown shorthand flag: 'x' in -xq" },
    { argv: ['-q='], message: "unknown shorthand flag: '=' in -=" },
    { argv: ['--platform'], message: 'flag needs an argument: --platform' },
    { argv: ['-o'], message: "flag needs an argument: 'o' in -o" },
    { argv: ['-ao'], message: "flag needs an argument: 'o' in -o" },
    { argv: ['--=x'], message: 'bad flag syntax: --=x' },
    { argv: ['---all'], message: 'bad flag syntax: ---all' },
    {
      argv: ['--quiet=maybe'],
      message:
        'invalid argument "maybe" for "-q, --quiet" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
    },
    {
      argv: ['--jobs', 'two'],
      message: 'invalid argument "two" for "--jobs" flag: strconv.ParseInt: parsing "two": invalid syntax',
    },
    {
      argv: ['--jobs=99999999999999999999'],
      message:
        'invalid argument "99999999999999999999" for "--jobs" flag: ' +
        'strconv.ParseInt: parsing "99999999999999999999": value out of range',
    },
  ])('refuses $argv', ({ argv, message }) => {
    expect(() => parse(...argv)).toThrow(new FlagError(message));
  });

  test('tells how help was asked for', () => {
    expect(parse('x', '--help')).toEqual({ values: {}, args: ['x'], help: '--help' });
    expect(parse('-ah')).toEqual({ values: { all: true }, args: [], help: '-h' });
  });

  test('stops at the first argument when flags must come first', () => {
    const { flags, args } = parseFlags(SPECS, ['-a', 'pull', '-q'], { interspersed: false });
    expect([flags.bool('all'), flags.bool('quiet'), args]).toEqual([true, false, ['pull', '-q']]);
  });

  test('gives defaults for flags that are not there', () => {
    const { flags } = parseFlags(SPECS, []);
    expect([flags.bool('human'), flags.bool('all'), flags.string('output'), flags.list('change')]).toEqual([
      true,
      false,
      undefined,
      [],
    ]);
    expect(() => flags.bool('nosuch')).toThrow('the command has no bool flag --nosuch');
  });
});
