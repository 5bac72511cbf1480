import { describe, expect, test } from 'vitest';
import { requireVersion, splitVersion } from './version.ts';

describe('the version in a path', () => {
  test.each([
    { name: 'is split off', path: '/v1.41/images/json', version: '1.41', rest: '/images/json' },
    {
      name: 'is the newest where there is none',
      path: '/images/json',
      version: '1.51',
      rest: '/images/json',
    },
    { name: 'is no part of a longer name', path: '/v1.41x/info', version: '1.51', rest: '/v1.41x/info' },
    { name: 'is not that of a registry', path: '/v2/', version: '1.51', rest: '/v2/' },
  ])('$name', ({ path, version, rest }) => {
    const split = splitVersion(path);
    expect([split.version.text, split.path]).toEqual([version, rest]);
  });

  test.each([
    {
      path: '/v1.23/info',
      message: /^client version 1\.23 is too old\. Minimum supported API version is 1\.24/,
    },
    {
      path: '/v1.52/info',
      message: /^client version 1\.52 is too new\. Maximum supported API version is 1\.51$/,
    },
    { path: '/v0.99/info', message: /too old/ },
    { path: '/v2.0/info', message: /too new/ },
  ])('$path is refused', ({ path, message }) => {
    expect(() => requireVersion(splitVersion(path).version)).toThrow(message);
  });

  test.each(['/v1.24/info', '/v1.51/info', '/info'])('%s is taken', (path) => {
    expect(() => requireVersion(splitVersion(path).version)).not.toThrow();
  });
});
