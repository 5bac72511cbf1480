import { describe, expect, test } from 'vitest';
import { exposureOf, parseListenAddress, requireProtection } from './address.ts';

const NOTHING = { hasAccessControl: false, hasTls: false };
const ALL = { hasAccessControl: true, hasTls: true };

describe('an address', () => {
  test.each([
    { text: '127.0.0.1:5000', want: { kind: 'tcp', host: '127.0.0.1', port: 5000 } },
    { text: ':0', want: { kind: 'tcp', host: '0.0.0.0', port: 0 } },
    { text: '[::1]:80', want: { kind: 'tcp', host: '::1', port: 80 } },
    { text: 'localhost:65535', want: { kind: 'tcp', host: 'localhost', port: 65_535 } },
    { text: 'tcp://localhost:1', want: { kind: 'tcp', host: 'localhost', port: 1 } },
    { text: 'http://localhost:1', want: { kind: 'tcp', host: 'localhost', port: 1, isPlain: true } },
    { text: 'unix:///run/w.sock', want: { kind: 'unix', path: '/run/w.sock' } },
    { text: 'unix:/run/w.sock', want: { kind: 'unix', path: '/run/w.sock' } },
  ])('is read from $text', ({ text, want }) => {
    expect(parseListenAddress(text)).toEqual(want);
  });

  test.each([
    '',
    '127.0.0.1',
    '127.0.0.1:',
    '::1:80',
    'h:65536',
    'h:x',
    '[h]:1',
    'unix://',
    'unix://a',
    'ftp://h:1',
  ])('is not %j', (text) =>
    expect(() => parseListenAddress(text)).toThrow(`invalid address ${JSON.stringify(text)}: want`),
  );
});

test.each(['127.0.0.1', '127.9.8.7', '::1', '0:0:0:0:0:0:0:1', 'localhost'])('listens on %s', (host) => {
  expect(() => requireProtection(host, NOTHING)).not.toThrow();
});

test.each(['0.0.0.0', '::', '192.168.1.1', '128.0.0.1', 'example.com', '', '127.1', 'fe80::1'])(
  'listens on %j with TLS and access control only',
  (host) => {
    const prefix = `address ${host} is not a loopback address, and there is`;
    expect(() => requireProtection(host, NOTHING)).toThrow(`${prefix} no TLS and no access control`);
    expect(exposureOf(host, { ...ALL, hasTls: false })).toBe(`${prefix} no TLS`);
    expect(exposureOf(host, { ...ALL, hasAccessControl: false })).toBe(`${prefix} no access control`);
    expect(exposureOf(host, ALL)).toBeUndefined();
  },
);
