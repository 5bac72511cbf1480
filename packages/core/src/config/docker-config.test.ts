import { mkdtemp, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import {
  credentialsIn,
  parseDockerConfig,
  readDockerConfig,
  removeAuth,
  writeAuth,
} from './docker-config.ts';

const basic = (text: string) => Buffer.from(text).toString('base64');

describe('reading', () => {
  test.each([
    { name: 'a missing comma', text: '{\n  "auths": {}\n  "credsStore": "x"\n}', at: '3:3' },
    { name: 'a trailing comma', text: '{"auths": {},}', at: '1:14' },
    { name: 'an unclosed object', text: '{"auths": {', at: '1:12' },
    { name: 'a comment', text: '// mine\n{}', at: '1:1' },
    { name: 'a bare word', text: '{"auths": yes}', at: '1:11' },
    { name: 'text behind the end', text: '{}\n{}', at: '2:1' },
    { name: 'a line break in a string', text: '{"auths\n": {}}', at: '1:2' },
    { name: 'an array', text: '[]', at: '1:1' },
  ])('names file, line and column of $name', ({ text, at }) => {
    expect(() => parseDockerConfig(text, '/home/user/.docker/config.json')).toThrow(
      expect.objectContaining({
        code: 'INVALID_CONFIG',
        message: expect.stringContaining(`/home/user/.docker/config.json:${at}: `),
      }),
    );
  });

  test('takes an empty file for an empty object', () => {
    expect(parseDockerConfig('', 'x').auths.values).toEqual({});
  });

  test.each([
    { field: '"auths"', text: '{"auths": []}', at: '1:2', fault: 'must be an object' },
    { field: '"credsStore"', text: '{\n  "credsStore": 5\n}', at: '2:3', fault: 'must be a string' },
    { field: '"credHelpers"', text: '{"credHelpers": "a"}', at: '1:2', fault: 'must be an object' },
    { field: '"credHelpers"."a"', text: '{"credHelpers": {"a": 1}}', at: '1:18', fault: 'must be a string' },
    {
      field: '"HttpHeaders"."a"',
      text: '{"a": 1, "HttpHeaders": {"a": []}}',
      at: '1:26',
      fault: 'must be a string',
    },
    {
      field: '"proxies"."default"',
      text: '{"proxies": {"default": 5}}',
      at: '1:14',
      fault: 'must be an object',
    },
    {
      field: '"proxies"."default"."httpProxy"',
      text: '{"proxies": {"default": {\n"httpProxy": 5}}}',
      at: '2:1',
      fault: 'must be a string',
    },
    { field: '"pruneFilters"', text: '{"pruneFilters": [5]}', at: '1:2', fault: 'must be a list of strings' },
  ])('tells that $field $fault', ({ field, text, at, fault }) => {
    expect(() => parseDockerConfig(text, '/c.json')).toThrow(
      expect.objectContaining({ code: 'INVALID_CONFIG', message: `/c.json:${at}: ${field} ${fault}` }),
    );
  });

  test('takes null for nothing', () => {
    const text = '{"auths": null, "credsStore": null, "credHelpers": null, "pruneFilters": null}';
    expect(parseDockerConfig(text, 'x')).toMatchObject({ credHelpers: {}, pruneFilters: [] });
  });
});

describe('looking up', () => {
  const lookUp = (auths: object, domain: string, path?: string) =>
    credentialsIn(parseDockerConfig(JSON.stringify({ auths }), 'x'), domain, path)?.username;
  const entry = (name: string) => ({ auth: basic(`${name}:secret`) });

  test.each([
    { name: 'a host', auths: { 'reg.io': entry('a') }, domain: 'reg.io', found: 'a' },
    { name: 'a host with port', auths: { 'reg.io:5000': entry('a') }, domain: 'reg.io:5000', found: 'a' },
    { name: 'no other port', auths: { 'reg.io:5000': entry('a') }, domain: 'reg.io', found: undefined },
    { name: 'a key with scheme', auths: { 'https://reg.io': entry('a') }, domain: 'reg.io', found: 'a' },
    { name: 'a key with path', auths: { 'https://reg.io/v2/': entry('a') }, domain: 'reg.io', found: 'a' },
    {
      name: 'Docker Hub',
      auths: { 'https://index.docker.io/v1/': entry('a') },
      domain: 'docker.io',
      found: 'a',
    },
    {
      name: 'Docker Hub by its short name',
      auths: { 'docker.io': entry('a') },
      domain: 'docker.io',
      found: 'a',
    },
    {
      name: 'the most specific namespace',
      auths: { 'reg.io': entry('a'), 'reg.io/team': entry('b'), 'reg.io/team/app': entry('c') },
      domain: 'reg.io',
      path: 'team/app',
      found: 'c',
    },
    {
      name: 'the namespace above',
      auths: { 'reg.io': entry('a'), 'reg.io/team': entry('b') },
      domain: 'reg.io',
      path: 'team/other',
      found: 'b',
    },
    {
      name: 'no other namespace',
      auths: { 'reg.io/team': entry('b') },
      domain: 'reg.io',
      path: 'x',
      found: undefined,
    },
    { name: 'an empty entry as nothing', auths: { 'reg.io': {} }, domain: 'reg.io', found: undefined },
    { name: 'nothing of the prototype', auths: {}, domain: 'constructor', found: undefined },
  ])('finds $name', ({ auths, domain, path, found }) => {
    expect(lookUp(auths, domain, path)).toBe(found);
  });

  test('reads passwords with colons, names in the clear and identity tokens', () => {
    const auths = {
      a: { auth: basic('user:pa:ss') },
      b: { username: 'user', password: 'secret' },
      c: { auth: basic('user:'), identitytoken: 'refresh' },
      d: { registrytoken: 'bearer' },
    };
    const config = parseDockerConfig(JSON.stringify({ auths }), 'x');
    expect(credentialsIn(config, 'a')).toEqual({ username: 'user', password: 'pa:ss' });
    expect(credentialsIn(config, 'b')).toEqual({ username: 'user', password: 'secret' });
    expect(credentialsIn(config, 'c')).toEqual({ username: 'user', password: '', identityToken: 'refresh' });
    expect(credentialsIn(config, 'd')).toEqual({ username: '', password: '', registryToken: 'bearer' });
  });

  test.each([
    { name: 'entry', auths: { 'reg.io': 5 }, message: 'x:1:11: "auths"."reg.io" must be an object' },
    {
      name: 'auth',
      auths: { 'reg.io': { auth: 5 } },
      message: 'x:1:21: "auths"."reg.io"."auth" must be a string',
    },
    {
      name: 'identity token',
      auths: { 'reg.io': { identitytoken: {} } },
      message: 'x:1:21: "auths"."reg.io"."identitytoken" must be a string',
    },
  ])('tells of an $name of the wrong type, and only who asks for it', ({ auths, message }) => {
    expect(() => lookUp(auths, 'reg.io')).toThrow(
      expect.objectContaining({ code: 'INVALID_CONFIG', message }),
    );
    expect(lookUp(auths, 'other.io')).toBeUndefined();
  });

  test('names the entry whose auth is not base64 of a pair', () => {
    expect(() => lookUp({ 'reg.io': { auth: '####' } }, 'reg.io')).toThrow(
      'x:1:21: "auths"."reg.io"."auth" is not base64 of name:password',
    );
  });
});

describe('writing', () => {
  let directory: string;
  let path: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wherry-config-'));
    path = join(directory, 'docker', 'config.json');
  });

  test('writes what Docker writes, for the owner alone', async () => {
    await writeAuth(path, '127.0.0.1:5056', { username: 'user', password: 'secret' });
    expect(await readFile(path, 'utf8')).toBe(
      '{\n\t"auths": {\n\t\t"127.0.0.1:5056": {\n\t\t\t"auth": "dXNlcjpzZWNyZXQ="\n\t\t}\n\t}\n}',
    );
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(directory, 'docker'))).mode & 0o777).toBe(0o700);
  });

  test('keeps an identity token in the place of the password', async () => {
    await writeAuth(path, 'docker.io', {
      username: 'user',
      password: 'secret',
      identityToken: 'refresh-user',
    });
    expect((await readDockerConfig(path))?.auths.values).toEqual({
      'https://index.docker.io/v1/': { auth: 'dXNlcjo=', identitytoken: 'refresh-user' },
    });
  });

  test('leaves what it does not know as it is', async () => {
    const file = join(directory, 'config.json');
    await writeFile(
      file,
      '{"psFormat": "table", "auths": {"a": {"auth": "eDp5", "more": 1}}, "plugins": {"p": {}}}',
    );
    await writeAuth(file, 'b', { username: 'x', password: 'y' });
    expect((await readDockerConfig(file))?.document).toEqual({
      psFormat: 'table',
      auths: { a: { auth: 'eDp5', more: 1 }, b: { auth: 'eDp5' } },
      plugins: { p: {} },
    });
  });

  test('replaces the target of a symbolic link and leaves the link', async () => {
    const real = join(directory, 'real.json');
    const link = join(directory, 'config.json');
    await writeFile(real, '{}');
    await symlink('real.json', link);
    await writeAuth(link, 'a', { username: 'x', password: 'y' });
    expect(await readlink(link)).toBe('real.json');
    expect(await readFile(real, 'utf8')).toContain('"auth"');
  });

  test('removes a server, whatever was typed for it', async () => {
    await writeAuth(path, 'http://127.0.0.1:5056/v2/', { username: 'user', password: 'secret' });
    expect(await removeAuth(path, '127.0.0.1:5056')).toBe(true);
    expect(await removeAuth(path, '127.0.0.1:5056')).toBe(false);
    expect(await readFile(path, 'utf8')).toBe('{\n\t"auths": {}\n}');
  });
});
