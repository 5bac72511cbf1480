import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Digest } from '@wherry/core';
import bcrypt from 'bcryptjs';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { logTo } from '../../test/log-lines.ts';
import { MemoryBackend } from '../../test/memory-backend.ts';
import { buildApp } from '../app.ts';
import { RunningRequests } from '../running-requests.ts';
import { createToken, removeToken } from './long-lived-tokens.ts';
import { accessPlaces, isAccessControlled, type OpenAccess, openAccess } from './open-access.ts';

const ABSENT = `sha256:${'0'.repeat(64)}` as Digest;
const HASHES = ['ada', 'bob'].map((name) => `${name}:${bcrypt.hashSync(`${name}-secret`, 4)}\n`).join('');
const SETTINGS = `
[access]
users = "users"
[[access.rule]]
repositories = "team/*"
users = ["ada"]
rights = ["pull", "push"]
[[access.rule]]
repositories = "open/*"
users = ["anonymous"]
rights = ["pull"]
[[access.rule]]
repositories = "*"
users = ["ada"]
rights = ["delete"]
`;

let root: string;
let access: OpenAccess;
let app: FastifyInstance;
let backend: MemoryBackend;
let lines: string[];
let now: number;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'wherry-access-'));
  await writeFile(join(root, 'users'), HASHES);
  await start(SETTINGS);
});
afterEach(async () => {
  await stop();
  await rm(root, { recursive: true, force: true });
});

async function start(settings: string): Promise<void> {
  lines = [];
  now = Date.now();
  await writeFile(join(root, 'serve.toml'), settings);
  const places = await accessPlaces(root, join(root, 'serve.toml'));
  const log = logTo(lines);
  access = await openAccess({ places, log, clock: () => now });
  backend = new MemoryBackend();
  app = buildApp({ registry: backend }, { log, running: new RunningRequests(), access: access.control });
}

async function stop(): Promise<void> {
  access.close();
  await app.close();
}

function basic(name: string, password = `${name}-secret`): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
}

type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

async function send(
  method: Method,
  url: string,
  authorization?: string,
  headers: Record<string, string> = {},
) {
  return app.inject({
    method,
    url,
    headers: { host: 'r.io', ...headers, ...(authorization && { authorization }) },
  });
}

/** The token that the token server gives for a scope. */
async function tokenFor(scope: string, authorization?: string): Promise<string> {
  const answer = await send('GET', `/token?service=wherry&scope=${encodeURIComponent(scope)}`, authorization);
  expect(answer.statusCode).toBe(200);
  return `Bearer ${answer.json().token}`;
}

function form(fields: Record<string, string>) {
  return app.inject({
    method: 'POST',
    url: '/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: new URLSearchParams(fields).toString(),
  });
}

describe('the challenge', () => {
  const realm = 'Bearer realm="http://r.io/token",service="wherry"';
  test.each([
    { name: 'the base', method: 'GET', url: '/v2/', want: realm },
    {
      name: 'a pull',
      method: 'GET',
      url: '/v2/team/app/manifests/1',
      want: `${realm},scope="repository:team/app:pull"`,
    },
    {
      name: 'a push',
      method: 'POST',
      url: '/v2/team/app/blobs/uploads/',
      want: `${realm},scope="repository:team/app:pull,push"`,
    },
    {
      name: 'a mount',
      method: 'POST',
      url: `/v2/team/app/blobs/uploads/?mount=${ABSENT}&from=open/base`,
      want: `${realm},scope="repository:team/app:pull,push repository:open/base:pull"`,
    },
    {
      name: 'a mount from what is no repository',
      method: 'POST',
      url: `/v2/team/app/blobs/uploads/?mount=${ABSENT}&from=%22%0d%0ax:%20y`,
      want: `${realm},scope="repository:team/app:pull,push"`,
    },
    {
      name: 'a removal',
      method: 'DELETE',
      url: '/v2/team/app/manifests/1',
      want: `${realm},scope="repository:team/app:delete"`,
    },
  ] as const)('of $name says what for', async ({ method, url, want }) => {
    const answer = await send(method, url);
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toBe(want);
    expect(answer.headers['docker-distribution-api-version']).toBe('registry/2.0');
    expect(answer.json().errors[0]).toEqual({ code: 'UNAUTHORIZED', message: 'authentication required' });
  });

  test('of the catalogue, where nothing is open to all', async () => {
    await stop();
    await start('[access]\nrealm = "https://w.example/token"\nservice = "s"');
    const answer = await send('GET', '/v2/_catalog');
    expect([answer.statusCode, answer.headers['www-authenticate']]).toEqual([
      401,
      'Bearer realm="https://w.example/token",service="s",scope="registry:catalog:*"',
    ]);
  });

  test('is that of a password where the settings say so', async () => {
    await stop();
    await start('[access]\nchallenge = "basic"\nservice = "s"');
    expect((await send('GET', '/v2/')).headers['www-authenticate']).toBe('Basic realm="s"');
    expect((await send('GET', '/v2/', await tokenFor('', basic('ada')))).statusCode).toBe(200);
  });
});

describe('a search', () => {
  /** What Docker and wherry send. */
  const headers = { 'x-docker-token': 'true' };

  async function found(authorization?: string): Promise<string[]> {
    for (const name of ['open/app', 'team/app']) backend.tags.set(name, new Map([['1', ABSENT]]));
    const answer = await send('GET', '/v1/search?q=app', authorization, headers);
    expect(answer.statusCode).toBe(200);
    return answer.json().results.map(({ name }: { name: string }) => name);
  }

  test('finds what its sender may pull, by a password and by a token', async () => {
    expect(await found(basic('ada'))).toEqual(['open/app', 'team/app']);
    expect(await found(basic('bob'))).toEqual(['open/app']);
    // The scope that Docker asks for.
    expect(await found(await tokenFor('registry:catalog:search', basic('ada')))).toEqual([
      'open/app',
      'team/app',
    ]);
    expect(await found(await tokenFor('registry:catalog:search'))).toEqual(['open/app']);
    expect(await found()).toEqual(['open/app']);
  });

  test('is refused with a challenge where a token is for something else, and where nothing is open to all', async () => {
    const other = await send(
      'GET',
      '/v1/search?q=app',
      await tokenFor('repository:team/app:pull', basic('ada')),
    );
    expect([other.statusCode, other.headers['www-authenticate']]).toEqual([
      401,
      expect.stringContaining('scope="registry:catalog:*"'),
    ]);
    await stop();
    await start('[access]\nusers = "users"');
    expect((await send('GET', '/v1/search?q=app', undefined, headers)).statusCode).toBe(401);
  });

  test('of a client that holds its credentials back is refused, so that it lists repositories with them', async () => {
    expect((await send('GET', '/v1/search?q=app')).statusCode).toBe(401);
    expect((await send('GET', '/v2/_catalog')).statusCode).toBe(200);
  });
});

describe('a password', () => {
  test.each([
    { name: 'opens the base', method: 'GET', url: '/v2/', who: 'bob', want: 200 },
    {
      name: 'opens what rules give',
      method: 'POST',
      url: '/v2/team/app/blobs/uploads/',
      who: 'ada',
      want: 202,
    },
    { name: 'opens nothing more', method: 'POST', url: '/v2/open/app/blobs/uploads/', who: 'ada', want: 403 },
    {
      name: 'of another does not',
      method: 'POST',
      url: '/v2/team/app/blobs/uploads/',
      who: 'bob',
      want: 403,
    },
    {
      name: 'opens what is open to all',
      method: 'GET',
      url: '/v2/open/app/manifests/1',
      who: 'bob',
      want: 404,
    },
    { name: 'opens no neighbour', method: 'GET', url: '/v2/teamwork/manifests/1', who: 'ada', want: 403 },
    {
      name: 'reads what it may remove no more',
      method: 'GET',
      url: '/v2/x/manifests/1',
      who: 'ada',
      want: 403,
    },
  ] as const)('$name', async ({ method, url, who, want }) => {
    const answer = await send(method, url, basic(who));
    expect(answer.statusCode).toBe(want);
    expect(answer.headers['www-authenticate']).toBeUndefined();
    if (want === 403) expect(answer.json().errors[0].code).toBe('DENIED');
  });

  test.each([
    { name: 'a wrong password', header: basic('ada', 'guess') },
    { name: 'an unknown name', header: basic('eve', 'guess') },
    { name: 'no colon', header: `Basic ${Buffer.from('ada').toString('base64')}` },
    { name: 'no base64', header: 'Basic !' },
    { name: 'another scheme', header: 'Digest x' },
  ])('is no good with $name, even for what is open to all', async ({ header }) => {
    const answer = await send('GET', '/v2/open/app/manifests/1', header);
    expect([answer.statusCode, answer.json().errors[0].code]).toEqual([401, 'UNAUTHORIZED']);
    expect(answer.headers['www-authenticate']).toContain('realm=');
  });

  test('is asked for nothing that is open to all', async () => {
    expect((await send('GET', '/v2/open/app/manifests/1')).statusCode).toBe(404);
    expect((await send('GET', '/v2/_catalog')).statusCode).toBe(200);
  });

  test('guessed too often has to wait, and a right one is taken again after that', async () => {
    for (let guess = 0; guess < 5; guess++)
      expect((await send('GET', '/v2/', basic('ada', `guess${guess}`))).statusCode).toBe(401);
    const answer = await send('GET', '/v2/', basic('ada'));
    expect([answer.statusCode, answer.headers['retry-after'], answer.json().errors[0].code]).toEqual([
      429,
      '1',
      'TOOMANYREQUESTS',
    ]);
    now += 1001;
    expect((await send('GET', '/v2/', basic('ada'))).statusCode).toBe(200);
    expect((await send('GET', '/v2/', basic('ada', 'guess'))).statusCode).toBe(401);
  });
});

describe('a token', () => {
  test('says what its owner may do of what was asked', async () => {
    const answer = await send(
      'GET',
      '/token?service=wherry&scope=repository:team/app:pull,push,delete&scope=repository:other:pull,fly',
      basic('ada'),
    );
    const { token, access_token, expires_in, issued_at, refresh_token } = answer.json();
    expect([access_token, expires_in, refresh_token]).toEqual([token, 300, undefined]);
    expect(Math.abs(Date.parse(issued_at) - now)).toBeLessThan(1000);
    expect(answer.headers['cache-control']).toBe('no-store');
    const [header, claims] = token
      .split('.')
      .map((part: string) => Buffer.from(part, 'base64url').toString());
    expect(JSON.parse(header)).toMatchObject({ alg: 'ES256', typ: 'JWT' });
    expect(JSON.parse(claims)).toMatchObject({
      iss: 'wherry',
      sub: 'ada',
      aud: 'wherry',
      access: [{ type: 'repository', name: 'team/app', actions: ['pull', 'push', 'delete'] }],
    });
  });

  test('opens what it says', async () => {
    const token = await tokenFor('repository:team/app:pull,push', basic('ada'));
    expect((await send('GET', '/v2/', token)).statusCode).toBe(200);
    expect((await send('GET', '/v2/team/app/manifests/1', token)).statusCode).toBe(404);
    expect((await send('POST', '/v2/team/app/blobs/uploads/', token)).statusCode).toBe(202);
    const answer = await send('GET', '/v2/team/other/manifests/1', token);
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toBe(
      'Bearer realm="http://r.io/token",service="wherry",scope="repository:team/other:pull",error="insufficient_scope"',
    );
  });

  test('of nobody opens what is open to all', async () => {
    const token = await tokenFor('repository:open/app:pull,push');
    expect((await send('GET', '/v2/open/app/manifests/1', token)).statusCode).toBe(404);
    expect((await send('POST', '/v2/open/app/blobs/uploads/', token)).statusCode).toBe(401);
  });

  test('of the catalogue opens that alone', async () => {
    const token = await tokenFor('registry:catalog:*', basic('ada'));
    expect((await send('GET', '/v2/_catalog', token)).statusCode).toBe(200);
    expect((await send('GET', '/v2/team/app/manifests/1', token)).statusCode).toBe(401);
    const other = await tokenFor('repository:team/app:pull', basic('ada'));
    expect((await send('GET', '/v2/_catalog', other)).statusCode).toBe(401);
  });

  test('ends', async () => {
    const token = await tokenFor('repository:team/app:pull', basic('ada'));
    now += 320_000;
    const answer = await send('GET', '/v2/team/app/manifests/1', token);
    expect(answer.headers['www-authenticate']).toContain('error="invalid_token"');
  });

  test('ends with the account of its owner', async () => {
    const token = await tokenFor('repository:team/app:pull', basic('ada'));
    await writeFile(join(root, 'users'), HASHES.split('\n')[1] ?? '');
    await expect
      .poll(async () => (await send('GET', '/v2/team/app/manifests/1', token)).statusCode)
      .toBe(401);
  });

  test('that is forged, cut or of another service is none', async () => {
    const token = await tokenFor('repository:team/app:pull', basic('ada'));
    const [head = '', body = '', signature = ''] = token.split('.');
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString());
    const forged = Buffer.from(JSON.stringify({ ...claims, sub: 'bob' })).toString('base64url');
    const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
    for (const bad of [
      `${head}.${forged}.${signature}`,
      `${head}.${body}`,
      `Bearer ${none}.${body}.`,
      'Bearer x',
      'Bearer wherry_x',
    ])
      expect((await send('GET', '/v2/team/app/manifests/1', bad)).statusCode).toBe(401);
  });

  test('is refused for a wrong password, and for a scope that is none', async () => {
    const answer = await send('GET', '/token', basic('ada', 'guess'));
    expect([answer.statusCode, answer.headers['www-authenticate'], answer.json().errors[0].code]).toEqual([
      401,
      'Basic realm="wherry"',
      'UNAUTHORIZED',
    ]);
    expect((await send('GET', '/token?scope=nonsense', basic('ada'))).statusCode).toBe(400);
  });
});

describe('OAuth 2', () => {
  const password = {
    grant_type: 'password',
    client_id: 'c',
    service: 'wherry',
    username: 'ada',
    password: 'ada-secret',
  };

  test('gives a token for a password, and another for what stands in its place', async () => {
    const first = await form({
      ...password,
      access_type: 'offline',
      scope: 'repository:team/app:pull repository:x:pull',
    });
    expect(first.statusCode).toBe(200);
    const { refresh_token, scope, token_type } = first.json();
    expect([scope, token_type]).toEqual(['repository:team/app:pull', 'Bearer']);
    const second = await form({
      grant_type: 'refresh_token',
      client_id: 'c',
      refresh_token,
      scope: 'repository:team/b:push',
    });
    expect(second.json()).toMatchObject({ scope: 'repository:team/b:push', refresh_token });
    const token = `Bearer ${second.json().access_token}`;
    expect((await send('POST', '/v2/team/b/blobs/uploads/', token)).statusCode).toBe(202);
    expect((await send('GET', '/v2/', `Bearer ${refresh_token}`)).statusCode).toBe(401);
  });

  test('takes no refresh token after the password has changed', async () => {
    const { refresh_token } = (await form({ ...password, access_type: 'offline' })).json();
    await writeFile(join(root, 'users'), `ada:${bcrypt.hashSync('new', 4)}\n`);
    await expect
      .poll(async () => (await form({ grant_type: 'refresh_token', refresh_token })).statusCode)
      .toBe(401);
  });

  test.each([
    { name: 'a wrong password', fields: { ...password, password: 'guess' }, want: 401 },
    {
      name: 'a refresh token that is none',
      fields: { grant_type: 'refresh_token', refresh_token: 'x' },
      want: 401,
    },
    { name: 'another grant', fields: { grant_type: 'magic' }, want: 400 },
    { name: 'no grant', fields: {}, want: 400 },
    { name: 'a form without end', fields: { ...password, more: 'x'.repeat(17_000) }, want: 413 },
  ])('refuses $name', async ({ fields, want }) => {
    expect((await form(fields as Record<string, string>)).statusCode).toBe(want);
  });
});

describe('a long-lived token', () => {
  const path = () => join(root, 'access', 'tokens.json');

  test('is taken as a password and by itself, for what it is for, until it is removed', async () => {
    const { token, stored } = await createToken(path(), { name: 'ci', allow: ['pull,push:ci/*'] });
    const asPassword = basic('ci', token);
    await expect.poll(async () => (await send('GET', '/v2/', asPassword)).statusCode).toBe(200);
    for (const header of [asPassword, `Bearer ${token}`]) {
      expect((await send('POST', '/v2/ci/app/blobs/uploads/', header)).statusCode).toBe(202);
      expect((await send('DELETE', '/v2/ci/app/manifests/1', header)).statusCode).toBe(403);
    }
    const short = await tokenFor('repository:ci/app:pull', asPassword);
    expect((await send('GET', '/v2/ci/app/manifests/1', short)).statusCode).toBe(404);
    await removeToken(path(), stored.id);
    for (const header of [asPassword, `Bearer ${token}`, short])
      await expect.poll(async () => (await send('GET', '/v2/', header)).statusCode).toBe(401);
  });

  test('ends', async () => {
    const { token } = await createToken(path(), { name: 'ci', allow: ['pull:*'], lifetimeMs: 60_000 });
    await expect.poll(async () => (await send('GET', '/v2/', `Bearer ${token}`)).statusCode).toBe(200);
    now += 61_000;
    expect((await send('GET', '/v2/', `Bearer ${token}`)).statusCode).toBe(401);
  });
});

test('files that are wrong leave in force what was read before, and the log says where they are wrong', async () => {
  await writeFile(join(root, 'serve.toml'), SETTINGS.replace('"push"', '"fly"'));
  await expect
    .poll(() => lines.join('\n'))
    .toMatch(
      /stay what they were: .*serve\.toml:7:1: access\.rule\.rights has "fly", want pull, push, delete/,
    );
  expect((await send('POST', '/v2/team/app/blobs/uploads/', basic('ada'))).statusCode).toBe(202);
  await writeFile(join(root, 'serve.toml'), SETTINGS);
  await writeFile(join(root, 'users'), 'ada:plain\n');
  await expect.poll(() => lines.join('\n')).toMatch(/users:1:5: no bcrypt hash/);
  expect((await send('POST', '/v2/team/app/blobs/uploads/', basic('ada'))).statusCode).toBe(202);
});

test('the log has nothing secret', async () => {
  await send('GET', '/v2/?token=hidden&password=hidden&scope=shown', basic('ada', 'hidden'));
  await form({ grant_type: 'password', username: 'ada', password: 'hidden' });
  expect(lines.join('\n')).toMatch(/scope=shown/);
  expect(lines.join('\n')).not.toMatch(/hidden|Basic/);
});

test('what is mirrored may be called by its bare name, and rules call it by the full one', async () => {
  await stop();
  const rule = '[[access.rule]]\nrepositories = "docker.io/library/*"\nusers = ["ada"]\nrights = ["pull"]';
  await writeFile(join(root, 'serve.toml'), rule);
  const places = await accessPlaces(root, join(root, 'serve.toml'));
  const log = logTo(lines);
  access = await openAccess({ places, log, mirrored: ['docker.io'], clock: () => now });
  backend = new MemoryBackend();
  app = buildApp({ registry: backend }, { log, running: new RunningRequests(), access: access.control });
  const token = await tokenFor('repository:library/app:pull,push', basic('ada'));
  const { caller } = await access.control.admit(
    { kind: 'bearer', token: token.slice('Bearer '.length) },
    { kind: 'tcp', isEncrypted: false, address: '::1' },
  );
  expect(caller.may('pull', 'docker.io/library/app')).toBe(true);
  expect(caller.may('push', 'docker.io/library/app')).toBe(false);
  expect(caller.may('pull', 'docker.io/library/other')).toBe(false);
  // Of our own repositories it says nothing: the routes ask by their names.
  expect(caller.may('pull', 'library/app')).toBe(false);
  expect((await send('GET', '/v2/library/app/manifests/1', token)).statusCode).toBe(403);
  expect((await send('GET', '/v2/other/app/manifests/1', token)).statusCode).toBe(401);
});

test('access is controlled by an account, and by a table, which variables may stand for', async () => {
  const isControlled = async (env = {}, settings?: string) =>
    isAccessControlled(await accessPlaces(join(root, 'none'), settings, env));
  expect(await isControlled()).toBe(false);
  expect(await isControlled({ WHERRY_SERVE_ACCESS_RULE: '' })).toBe(false);
  expect(await isControlled({}, join(root, 'serve.toml'))).toBe(true);
  const rule = '[{ repositories = "*", users = ["anonymous"], rights = ["pull"] }]';
  expect(await isControlled({ WHERRY_SERVE_ACCESS_RULE: rule })).toBe(true);
  expect(await isControlled({ WHERRY_SERVE_ACCESS_USERS: join(root, 'users') })).toBe(true);
});
