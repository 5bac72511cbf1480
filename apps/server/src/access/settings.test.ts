import { parseToml } from '@wherry/core';
import { describe, expect, test } from 'vitest';
import { LISTEN_KEYS, readListenSettings } from '../listen/settings.ts';
import { ACCESS_KEYS, DEFAULT_ACCESS_SETTINGS, readAccessSettings } from './settings.ts';

async function access(text: string) {
  const table = (await parseToml(`[access]\n${text}`, '/s.toml')).table('access');
  return table && readAccessSettings(table);
}

async function listen(text: string) {
  const table = (await parseToml(`[listen]\n${text}`, '/s.toml')).table('listen');
  return table && readListenSettings(table);
}

describe('[access]', () => {
  test('has a default for all', async () => {
    expect(await access('')).toEqual(DEFAULT_ACCESS_SETTINGS);
  });

  test('is read', async () => {
    expect(
      await access(`users = "people"
challenge = "basic"
realm = "https://w.example/token"
service = "w.example"
signing = "EdDSA"
token-lifetime = "10m"
refresh-lifetime = "24h"
key-lifetime = "48h"
[[access.rule]]
repositories = "team/*"
users = ["ada", "*"]
rights = ["pull"]`),
    ).toEqual({
      users: 'people',
      challenge: 'basic',
      realm: 'https://w.example/token',
      service: 'w.example',
      signing: 'EdDSA',
      tokenLifetime: 600_000,
      refreshLifetime: 86_400_000,
      keyLifetime: 172_800_000,
      rule: [{ repositories: 'team/*', users: ['ada', '*'], rights: ['pull'] }],
    });
  });

  const rule = '[[access.rule]]\nrepositories = "a"\nusers = ["b"]\nrights = ["pull"]';
  test.each([
    { text: 'user = "x"', want: '/s.toml:2:1: access.user is not a known key' },
    {
      text: 'challenge = "magic"',
      want: '/s.toml:2:1: access.challenge is "magic", want "bearer" or "basic"',
    },
    { text: 'realm = "ftp://x"', want: '/s.toml:2:1: access.realm is "ftp://x"' },
    { text: 'service = "a\\"b"', want: '/s.toml:2:1: access.service is' },
    { text: 'token-lifetime = "5"', want: '/s.toml:2:1: access.token-lifetime is "5", want a duration' },
    { text: 'token-lifetime = "1s"', want: 'want a duration of a minute at least' },
    { text: rule.replace('"a"', '"a*"'), want: '/s.toml:3:1: access.rule.repositories is "a*"' },
    { text: rule.replace('["b"]', '[]'), want: '/s.toml:4:1: access.rule.users names nobody' },
    { text: rule.replace('["pull"]', '[]'), want: '/s.toml:5:1: access.rule.rights gives nothing' },
    { text: rule.replace('"pull"', '"fly"'), want: '/s.toml:5:1: access.rule.rights has "fly"' },
  ])('does not take $text', async ({ text, want }) => {
    await expect(access(text)).rejects.toThrow(want);
  });
});

test('[listen] is read, and refuses what it does not know', async () => {
  expect(await listen('addresses = [":5000"]\nmax-connections = 5\ninsecure = true')).toEqual({
    addresses: [':5000'],
    insecure: true,
    limits: { maxConnections: 5, headerTimeout: 30, stallTimeout: 60 },
  });
  await expect(listen('max-connections = 0')).rejects.toThrow('must be a whole number from 1');
  await expect(listen('port = 1')).rejects.toThrow('/s.toml:2:1: listen.port is not a known key');
});

test('every key that is read is documented', async () => {
  for (const { key } of ACCESS_KEYS) await expect(access(`${key} = 0`)).rejects.toThrow(`access.${key}`);
  for (const { key } of LISTEN_KEYS) await expect(listen(`${key} = {}`)).rejects.toThrow(`listen.${key}`);
});
