import { describe, expect, test } from 'vitest';
import { parseWherryConfig, readWherryConfig } from './wherry-config.ts';

const FULL = `
jobs = 4

[[registry]]
prefix = "docker.io/library"
location = "cache.example:5000/hub"
insecure = true
ca = "/etc/ssl/cache.pem"

[[registry.mirror]]
location = "mirror.example"
pull = "digest-only"
ns = true

[[registry.mirror]]
location = "http://10.0.0.1:5000/x"

[[registry]]
prefix = "*.bad.example"
blocked = true

[http]
headers = { X-Team = "harbour" }

[build]
keep-storage = "1.5GB"
keep-age = "336h"
`;

test('reads everything', async () => {
  expect(await parseWherryConfig(FULL, '/c.toml')).toEqual({
    jobs: 4,
    headers: { 'x-team': 'harbour' },
    trust: [],
    build: { keepStorage: '1.5gb', keepAge: '336h' },
    registries: [
      {
        prefix: 'docker.io/library',
        location: 'cache.example:5000/hub',
        insecure: true,
        blocked: false,
        ca: '/etc/ssl/cache.pem',
        source: '/c.toml',
        mirrors: [
          { location: 'mirror.example', insecure: false, pull: 'digest-only', sendNamespace: true },
          { location: 'http://10.0.0.1:5000/x', insecure: false, pull: 'all', sendNamespace: false },
        ],
      },
      { prefix: '*.bad.example', insecure: false, blocked: true, mirrors: [], source: '/c.toml' },
    ],
  });
});

test('has defaults for an empty file and for none', async () => {
  expect(await parseWherryConfig('', '/c.toml')).toEqual({
    registries: [],
    trust: [],
    headers: {},
    build: {},
  });
  expect(await readWherryConfig('/nonexistent/config.toml')).toEqual({
    registries: [],
    trust: [],
    headers: {},
    build: {},
  });
});

describe('refuses', () => {
  test.each([
    { name: 'broken TOML', text: 'jobs = 1\n[[registry]\n', message: '/c.toml:2:12: ' },
    {
      name: 'an unknown key',
      text: 'jobs = 1\nverbose = true\n',
      message: '/c.toml:2:1: verbose is not a known key',
    },
    {
      name: 'an unknown key of a mirror',
      text: '[[registry]]\nprefix = "a.io"\n[[registry.mirror]]\nlocation = "b.io"\nwhy = 1\n',
      message: '/c.toml:5:1: registry.mirror.why is not a known key',
    },
    {
      name: 'a wrong value in the second of two tables',
      text: '[[registry]]\nprefix = "a.io"\n[[registry]]\nprefix = "b.io"\nlocation = "x y"\n',
      message: '/c.toml:5:1: registry.location is "x y"',
    },
    {
      name: 'the prefix of the second of two tables',
      text: '[[registry]]\nprefix = "a.io"\n[[registry]]\nprefix = "b io"\n',
      message: '/c.toml:4:1: registry.prefix is "b io"',
    },
    {
      name: 'a registry without prefix',
      text: '[[registry]]\nlocation = "a.io"\n',
      message: '/c.toml:1:1: registry.prefix is missing',
    },
    {
      name: 'a value that is not allowed',
      text: '[[registry]]\nprefix = "a.io"\n[[registry.mirror]]\nlocation = "b.io"\npull = "some"\n',
      message: '/c.toml:5:1: registry.mirror.pull is "some", want "all", "digest-only" or "tag-only"',
    },
    {
      name: 'a wrong type',
      text: 'jobs = "many"\n',
      message: '/c.toml:1:1: jobs must be a whole number from 1 to 256',
    },
    {
      name: 'one table in the place of several',
      text: '[registry]\nprefix = "a.io"\n',
      message: 'must be written as [[registry]]',
    },
    {
      name: 'a location that is a URL with a query',
      text: '[[registry]]\nprefix = "a.io"\nlocation = "https://b.io/?x"\n',
      message: '/c.toml:3:1: registry.location is "https://b.io/?x", want host[:port][/path]',
    },
    {
      name: 'a size that is none',
      text: '[build]\nkeep-storage = "much"\n',
      message: '/c.toml:2:1: build.keep-storage is "much", want a size such as "20GB", or "unlimited"',
    },
    {
      name: 'an age that is none',
      text: '[build]\nkeep-age = "2 weeks"\n',
      message: '/c.toml:2:1: build.keep-age is "2 weeks", want a duration such as "336h"',
    },
    {
      name: 'a header of two lines',
      text: '[http.headers]\nx = "a\\nb"\n',
      message: 'http.headers.x must be a string of one line',
    },
  ])('$name', async ({ text, message }) => {
    await expect(parseWherryConfig(text, '/c.toml')).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      message: expect.stringContaining(message),
    });
  });
});
