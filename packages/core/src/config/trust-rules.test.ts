import { describe, expect, test } from 'vitest';
import { parseReference } from '../reference.ts';
import { trustRuleFor } from './trust-rules.ts';
import { parseWherryConfig } from './wherry-config.ts';

const parse = async (text: string) => (await parseWherryConfig(text, '/etc/c.toml')).trust;

test('reads rules', async () => {
  const text = `
[trust."registry.example.com:5000/team"]
keys = ["/keys/a.pub", "b.pub"]
required = true

[trust."*.example.org"]
keys = ["c.pub"]
`;
  expect(await parse(text)).toEqual([
    {
      prefix: 'registry.example.com:5000/team',
      keys: ['/keys/a.pub', 'b.pub'],
      required: true,
      source: '/etc/c.toml',
    },
    { prefix: '*.example.org', keys: ['c.pub'], required: false, source: '/etc/c.toml' },
  ]);
});

describe('refuses', () => {
  test.each([
    {
      name: 'a rule without keys',
      text: '[trust."a.io"]\n',
      message: '/etc/c.toml:1:1: trust."a.io".keys must name a public key at least',
    },
    {
      name: 'no key',
      text: '[trust."a.io"]\nkeys = []\n',
      message: '/etc/c.toml:2:1: trust."a.io".keys must name a public key at least',
    },
    {
      name: 'a key that is no text',
      text: '[trust."a.io"]\nkeys = [1]\n',
      message: '/etc/c.toml:2:1: trust."a.io".keys must be a list of strings',
    },
    {
      name: 'one key in the place of a list',
      text: '[trust."a.io"]\nkeys = "k"\n',
      message: '/etc/c.toml:2:1: trust."a.io".keys must be a list of strings',
    },
    {
      name: 'another type',
      text: '[trust."a.io"]\nkeys = ["k"]\nrequired = "yes"\n',
      message: '/etc/c.toml:3:1: trust."a.io".required must be true or false',
    },
    {
      name: 'a typing error',
      text: '[trust."a.io"]\nkeys = ["k"]\nrequire = true\n',
      message: '/etc/c.toml:3:1: trust."a.io".require is not a known key',
    },
    {
      name: 'no table',
      text: '[trust]\n"a.io" = true\n',
      message: '/etc/c.toml:2:4: trust.a.io must be a table',
    },
  ])('$name', async ({ text, message }) => {
    await expect(parse(text)).rejects.toMatchObject({ code: 'INVALID_CONFIG', message });
  });

  test.each([
    'a.io/team/',
    'https://a.io',
    'A.io',
    'a.io/Team',
    'a.io/app:1',
    '*.a.io/team',
    'index.docker.io',
    '*',
    '',
  ])('the prefix %j, which stands for no name', async (prefix) => {
    const text = `[trust.${JSON.stringify(prefix)}]\nkeys = ["k"]\n`;
    await expect(parse(text)).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      message: expect.stringContaining('is no name, want host[:port][/path] or *.host'),
    });
  });

  test('more keys than anybody has', async () => {
    const keys = JSON.stringify(Array.from({ length: 101 }, (_, index) => `k${index}`));
    await expect(parse(`[trust."a.io"]\nkeys = ${keys}\n`)).rejects.toThrow(/keys must be 100 at most$/);
  });
});

describe('the rule for a name', () => {
  const rules = ['docker.io', 'docker.io/library/alpine', 'a.io/team', '*.b.io'].map((prefix) => ({
    prefix,
    keys: ['k'],
    required: false,
    source: '',
  }));

  test.each([
    { name: 'alpine', prefix: 'docker.io/library/alpine' },
    { name: 'index.docker.io/library/alpine', prefix: 'docker.io/library/alpine' },
    { name: 'alpine2', prefix: 'docker.io' },
    { name: 'a.io/team/app', prefix: 'a.io/team' },
    { name: 'A.IO/team/app', prefix: 'a.io/team' },
    { name: 'a.io/teams/app', prefix: undefined },
    { name: 'x.b.io/app', prefix: '*.b.io' },
    { name: 'b.io/app', prefix: undefined },
    { name: 'evil-a.io/team/app', prefix: undefined },
  ])('$name is $prefix', ({ name, prefix }) => {
    expect(trustRuleFor(parseReference(name), rules)?.prefix).toBe(prefix);
  });
});
