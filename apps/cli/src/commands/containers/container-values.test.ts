import { describe, expect, test } from 'vitest';
import { readEnvFile } from './container-env.ts';
import { parseBytes, parseCpus, ulimitOf } from './container-limits.ts';
import { mountOf, tmpfsOf, volumeOf } from './container-mounts.ts';

describe('values of flags', () => {
  test('are bytes and CPUs', () => {
    for (const [text, bytes] of [
      ['1024', 1024],
      ['64m', 64 << 20],
      ['1.5GiB', 1.5 * 2 ** 30],
    ] as const)
      expect(parseBytes(text, 'memory')).toBe(bytes);
    expect(() => parseBytes('x', 'memory')).toThrow("invalid size: 'x'");
    expect(parseCpus('.5')).toBe(5e8);
    expect(() => parseCpus('many')).toThrow('failed to parse many as a rational number');
  });

  test('are limits', () => {
    expect(ulimitOf('nofile=10')).toEqual({ name: 'nofile', soft: 10, hard: 10 });
    expect(ulimitOf('nofile=10:-1')).toEqual({ name: 'nofile', soft: 10, hard: -1 });
    for (const bad of ['nofile', 'none=1', 'nofile=2:1', 'nofile=x']) expect(() => ulimitOf(bad)).toThrow();
  });

  test('are mounts', () => {
    const bind = { type: 'bind', source: '/a', target: '/b' };
    expect(volumeOf('/a:/b')).toEqual({ ...bind, createSource: true });
    expect(volumeOf('/a:/b:ro,rslave')).toMatchObject({ readOnly: true, propagation: 'rslave' });
    expect(mountOf('type=bind,src=/a,dst=/b,readonly')).toEqual({ ...bind, readOnly: true });
    expect(mountOf('type=tmpfs,target=/t,tmpfs-size=1m')).toEqual({
      ...{ type: 'tmpfs', target: '/t', options: ['size=1m'] },
    });
    expect(tmpfsOf('/t:size=1m,exec')).toEqual({ type: 'tmpfs', target: '/t', options: ['size=1m', 'exec'] });
    for (const bad of ['/a:b', '/a:/b:zz', '/a:/b:ro:x', ':/b']) expect(() => volumeOf(bad)).toThrow();
    for (const bad of [
      'type=bind,dst=/b',
      'type=bind,src=/a',
      'type=volume',
      'type=npipe,dst=/b',
      'what=1',
      'type',
    ])
      expect(() => mountOf(bad)).toThrow();
  });

  test('are variables of a file', () => {
    const text = '\uFEFF# no\n\nA=1\n  B=two words\r\nMINE\nNOT_MINE\n';
    expect(readEnvFile('f', text, { MINE: 'x' })).toEqual(['A=1', 'B=two words', 'MINE=x', 'NOT_MINE']);
    expect(() => readEnvFile('f', '=1\n', {})).toThrow('no variable name on line');
    expect(() => readEnvFile('f', 'a b=1\n', {})).toThrow("variable 'a b' contains whitespaces");
  });
});
