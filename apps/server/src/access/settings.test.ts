import { parseToml } from '@wherry/core';
import { describe, expect, test } from 'vitest';
import { readSection } from '../settings/read-settings.ts';
import { defaultsOf } from '../settings/section.ts';
import { ACCESS_SECTION } from './settings.ts';

async function access(text: string) {
  const table = (await parseToml(`[access]\n${text}`, '/s.toml')).table('access');
  return readSection(ACCESS_SECTION, { table, env: {} });
}

describe('[access]', () => {
  test('has a default for all', async () => {
    expect(await access('')).toEqual(defaultsOf(ACCESS_SECTION));
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
    { text: 'token-lifetime = "1s"', want: 'which is too small' },
    { text: rule.replace('"a"', '"a*"'), want: '/s.toml:3:1: access.rule.repositories is "a*"' },
    { text: rule.replace('["b"]', '[]'), want: '/s.toml:4:1: access.rule.users must not be empty' },
    { text: rule.replace('["pull"]', '[]'), want: '/s.toml:5:1: access.rule.rights must not be empty' },
    { text: rule.replace('"pull"', '"fly"'), want: '/s.toml:5:1: access.rule.rights has "fly"' },
  ])('does not take $text', async ({ text, want }) => {
    await expect(access(text)).rejects.toThrow(want);
  });
});
