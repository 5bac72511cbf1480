import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NoProxy, proxyFor, proxySettings } from './environment.ts';

const hub = new URL('https://registry-1.docker.io/v2/');
const plain = new URL('http://registry.example:5000/v2/');

describe('proxies', () => {
  test.each([
    { name: 'none', env: {}, https: undefined, http: undefined },
    {
      name: 'one for each scheme',
      env: { HTTPS_PROXY: 'http://a:1', HTTP_PROXY: 'b:2' },
      https: 'http://a:1/',
      http: 'http://b:2/',
    },
    {
      name: 'lower case first',
      env: { HTTPS_PROXY: 'http://a:1', https_proxy: 'http://c:3' },
      https: 'http://c:3/',
      http: undefined,
    },
    {
      name: 'one for all',
      env: { ALL_PROXY: 'socks5://s:1080' },
      https: 'socks5://s:1080',
      http: 'socks5://s:1080',
    },
    {
      name: 'nothing of a CGI request',
      env: { HTTP_PROXY: 'http://evil', REQUEST_METHOD: 'GET' },
      https: undefined,
      http: undefined,
    },
    {
      name: 'exceptions',
      env: { ALL_PROXY: 'http://a:1', NO_PROXY: 'docker.io' },
      https: undefined,
      http: 'http://a:1/',
    },
  ])('come from the environment: $name', ({ env, https, http }) => {
    const settings = proxySettings(env, undefined);
    expect(proxyFor(settings, hub)?.href).toBe(https);
    expect(proxyFor(settings, plain)?.href).toBe(http);
  });

  test('come from Docker where the environment has none', () => {
    const defaults = { httpsProxy: 'http://d:1', noProxy: '*.example' };
    expect(proxyFor(proxySettings({}, defaults), hub)?.href).toBe('http://d:1/');
    expect(proxyFor(proxySettings({ HTTPS_PROXY: 'http://a:1' }, defaults), hub)?.href).toBe('http://a:1/');
  });

  test('that cannot be used are an error without their password', () => {
    const settings = proxySettings({ HTTPS_PROXY: 'ftp://user:secret@a' }, undefined);
    expect(() => proxyFor(settings, hub)).toThrow(/^invalid proxy address: want http/);
  });
});

describe('exceptions', () => {
  test.each([
    { list: 'example.com', url: 'https://example.com/', direct: true },
    { list: 'example.com', url: 'https://sub.example.com/', direct: true },
    { list: 'example.com', url: 'https://notexample.com/', direct: false },
    { list: '.example.com', url: 'https://sub.example.com/', direct: true },
    { list: '.example.com', url: 'https://example.com/', direct: false },
    { list: '*.example.com', url: 'https://a.b.example.com/', direct: true },
    { list: 'EXAMPLE.com', url: 'https://example.COM/', direct: true },
    { list: 'example.com:5000', url: 'https://example.com:5000/', direct: true },
    { list: 'example.com:5000', url: 'https://example.com/', direct: false },
    { list: 'example.com:443', url: 'https://example.com/', direct: true },
    { list: '10.0.0.0/8', url: 'https://10.1.2.3/', direct: true },
    { list: '10.0.0.0/8', url: 'https://11.1.2.3/', direct: false },
    { list: '10.0.0.0/8', url: 'https://ten.example/', direct: false },
    { list: 'fd00::/8', url: 'https://[fd00::1]:5000/', direct: true },
    { list: '192.0.2.1', url: 'https://192.0.2.1/', direct: true },
    { list: '192.0.2.1:80', url: 'https://192.0.2.1/', direct: false },
    { list: '2001:db8:0:0::1', url: 'https://[2001:db8::1]/', direct: true },
    { list: '[2001:db8::1]:5000', url: 'http://[2001:db8::1]:5000/', direct: true },
    { list: '*', url: 'https://anything/', direct: true },
    { list: '', url: 'http://127.0.0.1:5000/', direct: true },
    { list: '', url: 'http://localhost:5000/', direct: true },
    { list: '', url: 'http://[::1]:5000/', direct: true },
    { list: 'a, b  c,', url: 'http://c/', direct: true },
    { list: '10.0.0.0/99', url: 'http://10.0.0.1/', direct: false },
  ])('"$list" and $url: $direct', ({ list, url, direct }) => {
    expect(new NoProxy(list).matches(new URL(url))).toBe(direct);
  });

  test('take any text, and a domain covers itself and all below it', () => {
    const label = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
    fc.assert(
      fc.property(fc.string(), label, label, (noise, sub, name) => {
        const list = new NoProxy(`${noise.replaceAll('*', '')},${name}.test`);
        expect(list.matches(new URL(`https://${name}.test/`))).toBe(true);
        expect(list.matches(new URL(`https://${sub}.${name}.test/`))).toBe(true);
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});
