import { CommanderError } from 'commander';
import { describe, expect, test } from 'vitest';
import { DockerCommand } from './docker-command.ts';
import { UsageError } from './errors.ts';
import { type FlagSpec, Flags } from './flags.ts';

const SPECS: readonly FlagSpec[] = [
  { name: 'all', short: 'a', type: 'bool', usage: '' },
  { name: 'quiet', short: 'q', type: 'bool', usage: '' },
  { name: 'human', short: 'H', type: 'bool', default: true, usage: '' },
  { name: 'output', short: 'o', type: 'string', usage: '' },
  { name: 'platform', type: 'string', usage: '' },
  { name: 'change', short: 'c', type: 'list', usage: '' },
  { name: 'jobs', type: 'int', usage: '' },
  { name: 'filter', short: 'f', type: 'filter', usage: '' },
];

/** A command with the flags; what it prints is kept in `printed`. */
function commandOf(printed: string[] = []): DockerCommand {
  return new DockerCommand('x')
    .usage('x')
    .takeFlags(SPECS)
    .helpOption(false)
    .exitOverride()
    .configureOutput({ writeOut: (text) => printed.push(text) });
}

function parse(...argv: string[]) {
  const command = commandOf();
  const { operands } = command.parseOptions(argv);
  const flags = new Flags(command);
  const values: Record<string, unknown> = {};
  for (const { name, type } of SPECS) if (flags.changed(name)) values[name] = flags[type](name);
  return { values, args: operands };
}

describe('the flags of a command', () => {
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
    {
      name: 'filters, and empty ones not',
      argv: ['-f', 'a=b', '--filter=', '-fsize>1GB'],
      values: { filter: ['a=b', 'size>1GB'] },
      args: [],
    },
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
    const pointer = "Run 'x --help' for more information";
    const error = new UsageError(message, { usage: 'x', pointer, exitCode: 125 });
    expect(() => parse(...argv)).toThrow(error);
    expect(error.message).toBe(`${message}\n\nUsage:  x\n\n${pointer}`);
  });

  test.each([
    { argv: ['x', '--help'], isDeprecated: false },
    { argv: ['-ah'], isDeprecated: true },
    { argv: ['-h'], isDeprecated: true },
  ])('explains the command for $argv, and tells how help is asked for', ({ argv, isDeprecated }) => {
    const printed: string[] = [];
    expect(() => commandOf(printed).parseOptions(argv)).toThrow(CommanderError);
    expect(printed.join('')).toMatch(
      isDeprecated ? /^Flag shorthand -h has been deprecated, use --help\nUsage: {2}x\n/ : /^Usage: {2}x\n/,
    );
  });

  test('is not explained when help is declined or a flag is unknown', () => {
    expect(parse('--help=false', 'y').args).toEqual(['y']);
    expect(() => parse('--help', '--nosuch')).toThrow(/^unknown flag: --nosuch\n/);
  });

  test('are read in order: the first fault is told', () => {
    expect(() => parse('--quiet=maybe', '--nosuch')).toThrow(/^invalid argument "maybe"/);
    expect(() => parse('--nosuch', '--quiet=maybe')).toThrow(/^unknown flag: --nosuch\n/);
    expect(() => parse('-1')).toThrow(/^unknown shorthand flag: '1' in -1\n/);
  });

  test('stop at the first argument when a command follows', () => {
    const command = commandOf().enablePositionalOptions().passThroughOptions();
    command.command('pull');
    const { operands, unknown } = command.parseOptions(['-a', 'pull', '-q']);
    const flags = new Flags(command);
    expect([flags.bool('all'), flags.bool('quiet'), operands, unknown]).toEqual([
      true,
      false,
      ['pull'],
      ['-q'],
    ]);
  });

  test('have defaults when they are not there', () => {
    const command = commandOf();
    command.parseOptions([]);
    const flags = new Flags(command);
    expect([flags.bool('human'), flags.bool('all'), flags.string('output'), flags.list('change')]).toEqual([
      true,
      false,
      undefined,
      [],
    ]);
    expect(() => flags.bool('nosuch')).toThrow('the command has no bool flag --nosuch');
  });
});
