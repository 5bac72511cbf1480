import { TomlTable } from '@wherry/core';
import { expect, test } from 'vitest';
import { DEFAULT_MIRROR_SETTINGS, MIRROR_SETTING_KEYS, readMirrorSettings } from './settings.ts';

function read(values: Record<string, unknown>, text = ''): ReturnType<typeof readMirrorSettings> {
  return readMirrorSettings(new TomlTable(values, 'mirror', text, 'serve.toml'));
}

test('a table without keys is the defaults', () => {
  expect(read({})).toEqual(DEFAULT_MIRROR_SETTINGS);
});

test('every key is read', () => {
  expect(
    read({
      'tag-ttl': '1h30m',
      'max-size': '20GB',
      pins: ['docker.io/library/*'],
      hosts: { 'Hub.example.org': 'docker.io' },
      upstream: [
        { name: 'docker.io' },
        { name: 'harbor.corp', location: 'https://10.0.0.5', 'allowed-hosts': ['10.0.0.6:9000'] },
      ],
    }),
  ).toEqual({
    upstreams: [
      { name: 'docker.io', allowedHosts: [] },
      { name: 'harbor.corp', location: 'https://10.0.0.5', allowedHosts: ['10.0.0.6:9000'] },
    ],
    tagTtlMs: 5_400_000,
    maxBytes: 20e9,
    pins: ['docker.io/library/*'],
    hosts: { 'hub.example.org': 'docker.io' },
  });
  expect(new Set(MIRROR_SETTING_KEYS.map(({ key }) => key)).size).toBe(MIRROR_SETTING_KEYS.length);
});

test.each([
  {
    name: 'a duration that is none',
    values: { 'tag-ttl': 'soon' },
    message: 'tag-ttl is "soon", want a duration',
  },
  {
    name: 'a duration before now',
    values: { 'tag-ttl': '-5m' },
    message: 'tag-ttl is "-5m", want a duration',
  },
  { name: 'a size that is none', values: { 'max-size': 'much' }, message: 'max-size is "much", want a size' },
  { name: 'an upstream without a name', values: { upstream: [{}] }, message: 'name is missing' },
  { name: 'a path as an upstream', values: { upstream: [{ name: 'a.b/c' }] }, message: 'want the host' },
  {
    name: 'a host of no upstream',
    values: { hosts: { a: 'b.c' } },
    message: 'hosts.a is "b.c", which is no upstream',
  },
  { name: 'a key that is not known', values: { ttl: '5m' }, message: 'ttl is not a known key' },
])('$name is refused', ({ values, message }) => {
  expect(() => read(values)).toThrow(
    expect.objectContaining({ code: 'INVALID_CONFIG', message: expect.stringContaining(message) }),
  );
});
