import fc from 'fast-check';
import { expect, test } from 'vitest';
import { printSettings } from './print-settings.ts';
import { formatMilliseconds, formatSize, parseMilliseconds, parseSize } from './quantities.ts';
import { readSettings } from './read-settings.ts';
import { section } from './section.ts';

const SEED = 20_260_601;
const ROW = {
  name: { kind: 'string', required: true, doc: 'A name.' },
  age: { kind: 'duration', default: 5000, doc: 'An age.' },
  tags: { kind: 'list', doc: 'Tags.' },
} as const;
const THINGS = section({
  name: 'things',
  doc: 'Things of every kind.',
  fields: {
    row: { kind: 'table-array', doc: 'Rows.', fields: ROW },
    text: { kind: 'string', doc: 'A text.' },
    choice: { kind: 'string', choices: ['a', 'b'], default: 'a', doc: 'A choice.' },
    flag: { kind: 'boolean', default: true, doc: 'A flag.', reloadable: true },
    count: { kind: 'integer', min: -5, max: 1e9, default: 1, doc: 'A count.' },
    maxSize: { kind: 'size', default: 2 ** 30, doc: 'A size.' },
    time: { kind: 'duration', default: 90_000, doc: 'A time.' },
    list: { kind: 'list', default: ['x'], doc: 'A list.' },
    map: { kind: 'map', doc: 'A map.' },
    password: { kind: 'string', secret: true, doc: 'A secret.' },
  },
});
const SECTIONS = [THINGS] as const;

const text = fc.string({ minLength: 1, unit: 'binary' });
const ms = fc.nat(1e12);
const list = fc.array(text, { maxLength: 4 });
const anything = fc.record({
  row: fc.array(fc.record({ name: text, age: ms, tags: list }), { maxLength: 3 }),
  text: fc.option(text, { nil: undefined }),
  choice: fc.constantFrom('a', 'b'),
  flag: fc.boolean(),
  count: fc.integer({ min: -5, max: 1e9 }),
  maxSize: fc.maxSafeNat(),
  time: ms,
  list,
  map: fc.dictionary(text, text, { maxKeys: 4, noNullPrototype: true }),
  password: fc.constant(undefined),
});

test('what is printed is read as what was printed', async () => {
  await fc.assert(
    fc.asyncProperty(anything, async (things) => {
      const origins = new Map(
        ['row', 'text', 'choice', 'flag', 'count', 'max-size', 'time', 'list', 'map']
          .filter((key) => key !== 'text' || things.text !== undefined)
          .map((key) => [`things.${key}`, '/s\n.toml']),
      );
      const printed = printSettings(SECTIONS, { settings: { things }, origins });
      const { settings } = await readSettings(SECTIONS, { file: { path: '/p', text: printed }, env: {} });
      expect(settings.things).toEqual(things);
    }),
    { seed: SEED, numRuns: 300 },
  );
});

test.each([
  { name: 'sizes', parse: parseSize, format: formatSize },
  { name: 'durations', parse: parseMilliseconds, format: formatMilliseconds },
])('$name are read as they are written', ({ parse, format }) => {
  fc.assert(
    fc.property(fc.oneof(fc.nat(), fc.nat(1e14)), (value) => parse(format(value)) === value),
    { seed: SEED },
  );
});

test.each([
  { written: '20GB', bytes: 20e9 },
  { written: '1.5 GiB', bytes: 1.5 * 2 ** 30 },
  { written: '12kb', bytes: 12_000 },
  { written: '12', bytes: 12 },
  { written: '12G', bytes: undefined },
  { written: '0.5', bytes: undefined },
  { written: '-1MB', bytes: undefined },
  { written: '9e99', bytes: undefined },
  { written: '99999999TiB', bytes: undefined },
  { written: '', bytes: undefined },
])('the size "$written"', ({ written, bytes }) => expect(parseSize(written)).toBe(bytes));

test.each([
  { written: '90s', time: 90_000 },
  { written: '7d', time: 604_800_000 },
  { written: '1d1h', time: 90_000_000 },
  { written: '0', time: 0 },
  { written: '1ns', time: undefined },
  { written: '-1s', time: undefined },
  { written: '30', time: undefined },
  { written: 'd', time: undefined },
  { written: '', time: undefined },
])('the duration "$written"', ({ written, time }) => expect(parseMilliseconds(written)).toBe(time));

test('every key is told of, defaults and secrets out of force', async () => {
  const { settings, origins } = await readSettings(SECTIONS, {
    env: { WHERRY_SERVE_THINGS_PASSWORD: 'hunter2' },
    file: { path: '/etc/s.toml', text: '[things]\nlist = []\n' },
  });
  expect(printSettings(SECTIONS, { settings, origins })).toBe(`# Things of every kind.
[things]

# A text.
# (string, absent by default; WHERRY_SERVE_THINGS_TEXT)
# text = ""

# A choice.
# ("a" or "b", default "a"; WHERRY_SERVE_THINGS_CHOICE)
# choice = "a"

# A flag.
# (boolean, default true; WHERRY_SERVE_THINGS_FLAG; taken up while it runs)
# flag = true

# A count.
# (integer from -5 to 1000000000, default 1; WHERRY_SERVE_THINGS_COUNT)
# count = 1

# A size.
# (size, default "1GiB"; WHERRY_SERVE_THINGS_MAX_SIZE)
# max-size = "1GiB"

# A time.
# (duration, default "1m30s"; WHERRY_SERVE_THINGS_TIME)
# time = "1m30s"

# A list.
# (list, default ["x"]; WHERRY_SERVE_THINGS_LIST; set by /etc/s.toml)
list = []

# A map.
# (map, default {}; WHERRY_SERVE_THINGS_MAP)
# map = {}

# A secret.
# (string, absent by default; WHERRY_SERVE_THINGS_PASSWORD; set by WHERRY_SERVE_THINGS_PASSWORD)
# password = "(not shown)"

# Rows.
# (any number of tables; WHERRY_SERVE_THINGS_ROW)
# [[things.row]]
# A name. (string, required)
# name = ""
# An age. (duration, default "5s")
# age = "5s"
# Tags. (list, default [])
# tags = []
`);
});

test('a table that counts when it is empty is printed as one only if somebody wrote it', async () => {
  const sections = [section({ ...THINGS, countsWhenEmpty: true })] as const;
  const titleFor = async (file: string, env = {}) => {
    const read = await readSettings(sections, { env, file: { path: '/s', text: file } });
    return printSettings(sections, read).split('\n')[1];
  };
  expect(await titleFor('')).toBe('# [things]');
  expect(await titleFor('[things]')).toBe('[things]');
  expect(await titleFor('[[things.row]]\nname = "x"')).toBe('[things]');
  expect(await titleFor('', { WHERRY_SERVE_THINGS_COUNT: '2' })).toBe('[things]');
});
