import { expect, test } from 'vitest';
import { readSettings } from '../settings/read-settings.ts';
import { DEFAULT_MIRROR_SETTINGS, MIRROR_SECTION, toMirrorSettings } from './settings.ts';

async function read(text: string) {
  const file = { path: 'serve.toml', text };
  const { settings } = await readSettings([MIRROR_SECTION], { file, env: {} });
  return toMirrorSettings(settings.mirror);
}

test('a table without keys is the defaults', async () => {
  expect(await read('')).toEqual(DEFAULT_MIRROR_SETTINGS);
});

test('every key is read', async () => {
  const settings = await read(`[mirror]
tag-ttl = "1h30m"
max-size = "20GB"
pins = ["docker.io/library/*"]
hosts = { "Hub.example.org" = "docker.io" }
[[mirror.upstream]]
name = "docker.io"
[[mirror.upstream]]
name = "harbor.corp"
location = "https://10.0.0.5"
allowed-hosts = ["10.0.0.6:9000"]
`);
  expect(settings).toEqual({
    upstreams: [
      { name: 'docker.io', allowedHosts: [] },
      { name: 'harbor.corp', location: 'https://10.0.0.5', allowedHosts: ['10.0.0.6:9000'] },
    ],
    tagTtlMs: 5_400_000,
    maxBytes: 20e9,
    pins: ['docker.io/library/*'],
    hosts: { 'hub.example.org': 'docker.io' },
  });
});

const UPSTREAM = '[[mirror.upstream]]\n';

test.each([
  {
    name: 'a duration that is none',
    text: '[mirror]\ntag-ttl = "soon"',
    message: '2:1: mirror.tag-ttl is "soon"',
  },
  { name: 'a duration before now', text: '[mirror]\ntag-ttl = "-5m"', message: 'mirror.tag-ttl is "-5m"' },
  {
    name: 'a size that is none',
    text: '[mirror]\nmax-size = "much"',
    message: 'max-size is "much", want a size',
  },
  { name: 'an upstream without a name', text: UPSTREAM, message: 'name is missing' },
  { name: 'a path as an upstream', text: `${UPSTREAM}name = "a.b/c"`, message: 'want the host' },
  {
    name: 'one twice',
    text: `${UPSTREAM}name = "a.b"\n${UPSTREAM}name = "a.b"`,
    message: 'a.b is there twice',
  },
  {
    name: 'a host of no upstream',
    text: '[mirror.hosts]\na = "b.c"',
    message: 'hosts.a is "b.c", which is no upstream',
  },
  {
    name: 'a host of a number',
    text: '[mirror.hosts]\na = 1',
    message: 'mirror.hosts must be a table of strings',
  },
  { name: 'a key that is not known', text: '[mirror]\nttl = "5m"', message: 'ttl is not a known key' },
])('$name is refused', async ({ text, message }) => {
  await expect(read(`${text}\n`)).rejects.toThrow(
    expect.objectContaining({ code: 'INVALID_CONFIG', message: expect.stringContaining(message) }),
  );
});
