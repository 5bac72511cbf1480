import { describe, expect, test } from 'vitest';
import { classifyWhiteout } from './whiteout.ts';

describe('classifyWhiteout', () => {
  test.each([
    { name: 'a file', path: 'etc/motd', expected: undefined },
    { name: 'a file whose name holds the prefix', path: 'etc/a.wh.b', expected: undefined },
    { name: 'a whiteout at the root', path: '.wh.motd', expected: { kind: 'plain', path: 'motd' } },
    { name: 'a whiteout below', path: 'etc/.wh.motd', expected: { kind: 'plain', path: 'etc/motd' } },
    {
      name: 'a whiteout written with ./',
      path: './etc/.wh.motd',
      expected: { kind: 'plain', path: './etc/motd' },
    },
    {
      name: 'a whiteout written as a directory',
      path: 'etc/.wh.motd/',
      expected: { kind: 'plain', path: 'etc/motd' },
    },
    { name: 'a whiteout of a dot file', path: '.wh..profile', expected: { kind: 'plain', path: '.profile' } },
    { name: 'a whiteout of three dots', path: '.wh....', expected: { kind: 'plain', path: '...' } },
    {
      name: 'an opaque directory',
      path: 'var/cache/.wh..wh..opq',
      expected: { kind: 'opaque', path: 'var/cache' },
    },
    { name: 'an opaque root', path: '.wh..wh..opq', expected: { kind: 'opaque', path: '' } },
    { name: 'aufs: directory of hard links', path: '.wh..wh.plnk/', expected: { kind: 'meta' } },
    { name: 'aufs: what is in it', path: '.wh..wh.plnk/1.2', expected: { kind: 'meta' } },
    { name: 'aufs: other marks', path: 'a/.wh..wh.orph', expected: { kind: 'meta' } },
  ])('reads $name', ({ path, expected }) => {
    expect(classifyWhiteout(path)).toEqual(expected);
  });

  test.each(['.wh.', 'd/.wh.', 'd/.wh..', 'd/.wh...'])('refuses %s', (path) => {
    expect(() => classifyWhiteout(path)).toThrow(expect.objectContaining({ code: 'INVALID_TAR' }));
  });
});
