import { describe, expect, test } from 'vitest';
import { readSettings } from './read-settings.ts';
import { defaultsOf, section } from './section.ts';

const LOG = section({
  name: 'log',
  doc: 'What is logged.',
  fields: {
    level: { kind: 'string', choices: ['info', 'warn'], default: 'info', doc: 'The least severe lines.' },
    file: {
      kind: 'string',
      check: (text) => (text.startsWith('/') ? undefined : 'want /'),
      doc: 'Where to.',
    },
    maxBytes: { kind: 'size', default: 2 ** 20, min: 1, doc: 'When a file is full.' },
    keep: { kind: 'duration', default: 86_400_000, doc: 'How long files are kept.' },
    isLoud: { kind: 'boolean', default: false, doc: 'Rings.' },
    files: { kind: 'integer', min: 1, max: 9, doc: 'How many.' },
    only: { kind: 'list', doc: 'Parts.', check: (text) => (text === 'x' ? 'which is none' : undefined) },
  },
});
const MIRROR = section({
  name: 'mirror',
  doc: 'What is fetched.',
  fields: {
    upstream: {
      kind: 'table-array',
      doc: 'Registries.',
      fields: {
        prefix: { kind: 'string', required: true, doc: 'Names.' },
        token: { kind: 'string', secret: true, doc: 'A secret.' },
        maxAge: { kind: 'duration', default: 1000, doc: 'Of tags.' },
      },
    },
  },
});
const SECTIONS = [LOG, MIRROR] as const;

function read(text: string | undefined, env: Record<string, string> = {}, flags = {}) {
  const file = text === undefined ? {} : { file: { path: '/s.toml', text } };
  return readSettings(SECTIONS, { ...file, env, flags });
}

test('nothing said, all defaults', async () => {
  const { settings, origins, warnings } = await read(undefined);
  expect(settings.log).toEqual(defaultsOf(LOG));
  expect(settings).toEqual({
    log: {
      level: 'info',
      file: undefined,
      maxBytes: 2 ** 20,
      keep: 86_400_000,
      isLoud: false,
      files: undefined,
      only: [],
    },
    mirror: { upstream: [] },
  });
  expect([origins.size, warnings]).toEqual([0, []]);
});

test('a file says all there is', async () => {
  const { settings } = await read(`
[log]
level = "warn"
file = "/var/log/x"
max-bytes = "20GB"
keep = "1d12h"
is-loud = true
files = 3
only = ["a", "b"]
[[mirror.upstream]]
prefix = "docker.io"
max-age = "90s"
[[mirror.upstream]]
prefix = "ghcr.io"
token = "t"
`);
  expect(settings).toEqual({
    log: {
      level: 'warn',
      file: '/var/log/x',
      maxBytes: 20e9,
      keep: 129_600_000,
      isLoud: true,
      files: 3,
      only: ['a', 'b'],
    },
    mirror: {
      upstream: [
        { prefix: 'docker.io', token: undefined, maxAge: 90_000 },
        { prefix: 'ghcr.io', token: 't', maxAge: 1000 },
      ],
    },
  });
});

test('flags win over variables, and those over the file', async () => {
  const env = {
    WHERRY_SERVE_LOG_LEVEL: 'warn',
    WHERRY_SERVE_LOG_FILES: '4',
    WHERRY_SERVE_LOG_ONLY: 'a, [::1]:5000',
    WHERRY_SERVE_LOG_IS_LOUD: '',
    WHERRY_SERVE_MIRROR_UPSTREAM: '[{ prefix = "docker.io" }]',
  };
  const flags = { 'log.files': { text: '5', source: '--files' } };
  const { settings, origins } = await read('[log]\nlevel = "info"\nfiles = 3\nis-loud = true\n', env, flags);
  expect(settings.log).toMatchObject({ level: 'warn', files: 5, only: ['a', '[::1]:5000'], isLoud: true });
  expect(settings.mirror.upstream).toEqual([{ prefix: 'docker.io', token: undefined, maxAge: 1000 }]);
  expect(Object.fromEntries(origins)).toEqual({
    'log.level': 'WHERRY_SERVE_LOG_LEVEL',
    'log.files': '--files',
    'log.only': 'WHERRY_SERVE_LOG_ONLY',
    'log.is-loud': '/s.toml',
    'mirror.upstream': 'WHERRY_SERVE_MIRROR_UPSTREAM',
  });
});

test('a variable that looks like a setting is told of', async () => {
  const { warnings } = await read(undefined, {
    WHERRY_SERVE_LOG_LEVL: 'warn',
    WHERRY_SERVE_PORT: 'tcp://10.0.0.1:5000',
    WHERRY_SERVE_CONFIG: '/s.toml',
  });
  expect(warnings).toEqual([
    'WHERRY_SERVE_LOG_LEVL is not a setting, did you mean WHERRY_SERVE_LOG_LEVEL?',
    'WHERRY_SERVE_PORT is not a setting',
  ]);
});

describe('refuses in a file', () => {
  test.each([
    { name: 'broken TOML', text: '[log\n', message: '/s.toml:1:5: ' },
    {
      name: 'an unknown table',
      text: '\n[lgo]\n',
      message: '/s.toml:2:2: lgo is not',
      hint: 'did you mean log?',
    },
    {
      name: 'an unknown key',
      text: '[log]\nlevle = "info"\n',
      message: '/s.toml:2:1: log.levle is not a known key',
      hint: 'did you mean level?',
    },
    { name: 'a key of nothing', text: '[log]\nx = 1\n', message: '/s.toml:2:1: log.x is not a known key' },
    { name: 'a table as a value', text: 'log = 3\n', message: '/s.toml:1:1: log must be a table' },
    {
      name: 'another choice',
      text: '[log]\n\n  level = "all"\n',
      message: '/s.toml:3:3: log.level is "all", want "info" or "warn"',
    },
    {
      name: 'a wrong kind',
      text: '[log]\nis-loud = "no"\n',
      message: '2:1: log.is-loud must be true or false',
    },
    {
      name: 'an empty text',
      text: '[log]\nfile = ""\n',
      message: 'log.file must be a string that is not empty',
    },
    { name: 'a text that is checked', text: '[log]\nfile = "x"\n', message: 'log.file is "x", want /' },
    {
      name: 'a number out of range',
      text: '[log]\nfiles = 10\n',
      message: 'must be a whole number from 1 to 9',
    },
    {
      name: 'a size',
      text: '[log]\nmax-bytes = "lots"\n',
      message: '2:1: log.max-bytes is "lots", want a size',
    },
    {
      name: 'a small size',
      text: '[log]\nmax-bytes = 0\n',
      message: 'log.max-bytes is 0, which is too small',
    },
    {
      name: 'a duration',
      text: '[log]\nkeep = 30\n',
      message: 'log.keep is 30, want a duration such as "90s"',
    },
    { name: 'a date as a duration', text: '[log]\nkeep = 2026-01-01\n', message: 'want a duration' },
    { name: 'a list', text: '[log]\nonly = "a"\n', message: 'log.only must be a list of strings' },
    { name: 'an entry', text: '[log]\nonly = ["x"]\n', message: 'log.only has "x", which is none' },
    {
      name: 'one table for many',
      text: '[mirror.upstream]\n',
      message: 'must be written as [[mirror.upstream]]',
    },
    {
      name: 'a row',
      text: '[[mirror.upstream]]\n',
      message: '/s.toml:1:1: mirror.upstream.prefix is missing',
    },
    {
      name: 'an unknown key of a row',
      text: '[[mirror.upstream]]\nprefix = "a"\nprefx = "b"\n',
      message: '/s.toml:3:1: mirror.upstream.prefx is not a known key',
      hint: 'did you mean prefix?',
    },
  ])('$name', async ({ text, message, hint }) => {
    await expect(read(text)).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      message: expect.stringContaining(message),
      hint,
    });
  });
});

test.each([
  { name: 'a choice', env: { WHERRY_SERVE_LOG_LEVEL: 'x' }, message: 'WHERRY_SERVE_LOG_LEVEL is "x", want' },
  {
    name: 'a number',
    env: { WHERRY_SERVE_LOG_FILES: '1e1' },
    message: 'WHERRY_SERVE_LOG_FILES must be a whole',
  },
  { name: 'a boolean', env: { WHERRY_SERVE_LOG_IS_LOUD: 'si' }, message: 'WHERRY_SERVE_LOG_IS_LOUD must be' },
  {
    name: 'tables',
    env: { WHERRY_SERVE_MIRROR_UPSTREAM: '[{ x = 1 }]' },
    message: 'value.prefix is missing',
  },
  {
    name: 'what goes on',
    env: { WHERRY_SERVE_MIRROR_UPSTREAM: '[]\nx = 1' },
    message: 'x is not a known key',
  },
])('refuses in a variable $name', async ({ env, message }) => {
  await expect(read(undefined, env as Record<string, string>)).rejects.toThrow(message);
});
