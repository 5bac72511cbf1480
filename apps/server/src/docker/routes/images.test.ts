import { makeImageFixture, startMemoryRegistry } from '@wherry/core/testing';
import { describe, expect, test } from 'vitest';
import { type EngineApp, openEngineApp } from '../testing/engine-app.ts';

const ACCOUNT = { username: 'ada', password: 'secret' };
const NONE = 'e30=';

function authHeader(auth: object) {
  return { 'x-registry-auth': Buffer.from(JSON.stringify(auth)).toString('base64url') };
}

/** A registry with `team/app:1`, which only the account may read. */
async function serve() {
  const registry = await startMemoryRegistry({ auth: { kind: 'basic', ...ACCOUNT } });
  const fixture = makeImageFixture({ config: { Cmd: ['/bin/sh'], Labels: { tier: 'web' } } });
  for (const bytes of fixture.blobs.values()) registry.addBlob('team/app', bytes);
  const { descriptor, bytes } = fixture.image.manifest;
  registry.addManifest('team/app', '1', bytes, descriptor.mediaType);
  return { registry, fixture, name: `${registry.host}/team/app` };
}

function linesOf(text: string): Record<string, unknown>[] {
  expect(text.endsWith('\r\n')).toBe(true);
  return text
    .split('\r\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

async function pull({ app }: EngineApp, name: string, headers: Record<string, string>) {
  return await app.inject({
    method: 'POST',
    url: `/v1.41/images/create?fromImage=${encodeURIComponent(name)}&tag=1`,
    headers,
  });
}

describe('images', () => {
  test('are pulled with the credentials of the request, which nobody keeps', async () => {
    const { registry, name } = await serve();
    await using _ = registry;
    await using opened = await openEngineApp();
    const without = await pull(opened, name, { 'x-registry-auth': NONE });
    expect([without.statusCode, without.json().message]).toEqual([
      500,
      expect.stringContaining('no basic auth credentials'),
    ]);
    const wrong = await pull(opened, name, authHeader({ ...ACCOUNT, password: 'no' }));
    expect(wrong.statusCode).toBe(500);
    const right = await pull(opened, name, authHeader(ACCOUNT));
    expect(right.statusCode).toBe(200);
    expect(right.headers['content-type']).toBe('application/json');
    const lines = linesOf(right.body);
    expect(lines[0]).toEqual({ status: 'Pulling from team/app', id: '1' });
    expect(lines.at(-1)).toEqual({ status: `Status: Downloaded newer image for ${name}:1` });
    expect((await pull(opened, name, {})).statusCode).toBe(500);
    expect(await opened.engine.storedLogin(registry.host)).toBeUndefined();
  });

  test('are listed, inspected, tagged, pushed, saved, loaded and removed', async () => {
    const { registry, fixture, name } = await serve();
    await using _ = registry;
    await using opened = await openEngineApp();
    const { app } = opened;
    const id = fixture.image.config.descriptor.digest;
    await pull(opened, name, authHeader(ACCOUNT));
    const encoded = encodeURIComponent(`${name}:1`);
    const [listed] = (await app.inject('/v1.41/images/json')).json();
    expect(listed).toMatchObject({
      Containers: -1,
      Id: id,
      Labels: { tier: 'web' },
      ParentId: '',
      RepoTags: [`${name}:1`],
      SharedSize: -1,
    });
    expect(listed.VirtualSize).toBe(listed.Size);
    const [newer] = (await app.inject('/images/json?shared-size=1')).json();
    expect(newer).toMatchObject({ Containers: 0, SharedSize: 0 });
    expect(newer).not.toHaveProperty('VirtualSize');
    expect((await app.inject(`/v1.41/images/${name}:1/json`)).json()).toMatchObject({
      Id: id,
      Container: '',
    });
    expect((await app.inject(`/images/${encoded}/json`)).json()).not.toHaveProperty('Container');
    expect((await app.inject(`/images/${name}:1/history`)).json()).toMatchObject([{ Id: id }]);
    const tagged = await app.inject({ method: 'POST', url: `/images/${name}:1/tag?repo=${name}&tag=2` });
    expect([tagged.statusCode, tagged.body]).toEqual([201, '']);
    const pushed = await app.inject({
      method: 'POST',
      url: `/images/${name}/push?tag=2`,
      headers: authHeader(ACCOUNT),
    });
    expect(linesOf(pushed.body).at(-1)).toMatchObject({ aux: { Tag: '2' } });
    expect(registry.tags('team/app')).toEqual(['1', '2']);
    const saved = await app.inject(`/images/get?names=${name}:2`);
    expect([saved.statusCode, saved.headers['content-type']]).toEqual([200, 'application/x-tar']);
    const removed = await app.inject({ method: 'DELETE', url: `/images/${id}?force=1` });
    expect(removed.json()[0]).toEqual({ Untagged: `${name}:1` });
    expect((await app.inject('/images/json')).json()).toEqual([]);
    const loaded = await app.inject({ method: 'POST', url: '/images/load', payload: saved.rawPayload });
    expect(linesOf(loaded.body)).toEqual([{ stream: `Loaded image: ${name}:2\n` }]);
    const events = await app.inject(`/events?since=1&until=${Math.floor(Date.now() / 1000) + 1}`);
    const actions = events.body
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).Action);
    expect(actions).toEqual(['pull', 'tag', 'push', 'save', 'untag', 'untag', 'untag', 'delete', 'load']);
  });

  test.each([
    {
      method: 'GET',
      url: '/v1.41/images/nosuch/json',
      status: 404,
      message: 'no such image: nosuch: No such image: nosuch:latest',
    },
    { method: 'GET', url: '/images/nosuch/history', status: 404, message: 'No such image: nosuch:latest' },
    { method: 'GET', url: '/images/nosuch/other', status: 404, message: 'page not found' },
    { method: 'GET', url: '/images/json/', status: 404, message: 'page not found' },
    { method: 'GET', url: '/nosuch', status: 404, message: 'page not found' },
    {
      method: 'GET',
      url: '/images/json?filters={"nosuch":["1"]}',
      status: 400,
      message: "Invalid filter 'nosuch'",
    },
    {
      method: 'GET',
      url: '/images/json?filters=x',
      status: 500,
      message: "invalid character 'x' looking for beginning of value",
    },
    {
      method: 'POST',
      url: '/images/x/push?tag=1',
      status: 400,
      message: 'Bad parameters and missing X-Registry-Auth: EOF',
    },
    {
      method: 'POST',
      url: '/images/x/tag?repo=BAD',
      status: 500,
      message: 'invalid reference format: repository name (library/BAD) must be lowercase',
    },
    {
      method: 'POST',
      url: '/images/create?fromSrc=file:///etc/passwd',
      status: 400,
      message: 'Get "file:///etc/passwd": unsupported protocol scheme "file"',
    },
    {
      method: 'POST',
      url: '/session',
      status: 501,
      message: "BuildKit's own protocol is not supported: set DOCKER_BUILDKIT=0, or build with: wherry build",
    },
    { method: 'POST', url: '/swarm/init', status: 501, message: 'swarm mode is not supported' },
    { method: 'GET', url: '/services', status: 501, message: 'swarm services are not supported' },
    { method: 'GET', url: '/team/libpod/images/json', status: 404, message: 'page not found' },
  ] as const)('$method $url is $status', async ({ method, url, status, message }) => {
    await using opened = await openEngineApp();
    const answer = await opened.app.inject({ method, url });
    expect([answer.statusCode, answer.json()]).toEqual([status, { message }]);
    expect(answer.headers['content-type']).toBe('application/json');
  });

  test('are listed with their manifests, and by their age', async () => {
    const { registry, fixture, name } = await serve();
    await using _ = registry;
    await using opened = await openEngineApp();
    const { app } = opened;
    await pull(opened, name, authHeader(ACCOUNT));
    const list = async (url: string) => (await app.inject(url)).json();
    const { descriptor } = fixture.image.manifest;
    const [listed] = await list('/v1.48/images/json?manifests=1');
    expect(listed.Descriptor).toMatchObject({ digest: descriptor.digest, size: descriptor.size });

    expect(listed.Manifests).toEqual([
      {
        ID: descriptor.digest,
        Descriptor: expect.objectContaining({ digest: descriptor.digest }),
        Available: true,
        Size: { Content: expect.any(Number), Total: expect.any(Number) },
        Kind: 'image',
        ImageData: {
          Platform: expect.objectContaining({ os: 'linux', architecture: expect.any(String) }),
          Containers: [],
          Size: { Unpacked: 0 },
        },
      },
    ]);
    const [before] = await list('/v1.47/images/json?manifests=true');
    expect([before.Descriptor, before.Manifests.length]).toEqual([undefined, 1]);
    for (const url of ['/v1.46/images/json?manifests=1', '/images/json?manifests=0', '/images/json'])
      expect((await list(url))[0]).not.toHaveProperty('Manifests');
    const until = (time: string) => `/images/json?filters=${encodeURIComponent(`{"until":["${time}"]}`)}`;
    expect(await list(until('2100-01-01'))).toHaveLength(1);
    expect(await list(until('1960-01-01'))).toEqual([]);
    const bad = await app.inject(until('soon'));
    expect([bad.statusCode, bad.json().message]).toEqual([
      500,
      'failed to parse value as time or duration: "soon"',
    ]);
  });

  test('a path of the service is no source of an import', async () => {
    await using opened = await openEngineApp();
    const answer = await opened.app.inject({ method: 'POST', url: '/images/create?fromSrc=/etc/passwd' });
    expect([answer.statusCode, answer.body]).toEqual([500, expect.stringContaining('no Host')]);
  });
});

test('the system tells of itself', async () => {
  await using opened = await openEngineApp();
  const version = (await opened.app.inject('/version')).json();
  expect(version).toMatchObject({ ApiVersion: '1.51', MinAPIVersion: '1.24', Os: 'linux' });
  const info = (await opened.app.inject('/info')).json();
  expect(info).toMatchObject({
    Images: 0,
    Containers: 0,
    Driver: 'wherry',
    Swarm: { LocalNodeState: 'inactive' },
  });
  expect((await opened.app.inject('/v1.41/system/df')).json()).toEqual({
    ...{ LayersSize: 0, Images: [], Containers: [], Volumes: [], BuildCache: null, BuilderSize: 0 },
  });
  expect((await opened.app.inject('/system/df?type=image')).json()).toEqual({ LayersSize: 0, Images: [] });
});
