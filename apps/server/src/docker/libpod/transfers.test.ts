import { type CredentialedVerbs, parseReference } from '@wherry/core';
import { describe, expect, test } from 'vitest';
import { appOver } from '../testing/fake-engine.ts';
import { ACCOUNT, authHeader, messagesOf, openLibpodApp } from '../testing/libpod-app.ts';

const blobLine = (digest: string) => ({ stream: `Copying blob ${digest}\n` });

describe('podman pull', () => {
  test('tells of each layer once, and of the ID last', async () => {
    await using at = await openLibpodApp();
    const pulled = await at.pull();
    const [first, ...rest] = messagesOf(pulled.body);
    expect([pulled.statusCode, first]).toEqual([200, { stream: `Trying to pull ${at.name}:1...\n` }]);
    expect(rest.pop()).toEqual({ images: [at.id], id: at.id });
    const lines = at.fixture.layers.map(({ descriptor }) => blobLine(descriptor.digest));
    expect(rest).toHaveLength(lines.length);
    expect(rest).toEqual(expect.arrayContaining(lines));
    expect(await at.engine.storedLogin(at.registry.host)).toBeUndefined();
  });

  test('takes credentials for the one registry too, and those of others for none', async () => {
    await using at = await openLibpodApp();
    const url = `/images/pull?quiet=true&reference=docker%3A%2F%2F${at.name}:1`;
    for (const headers of [{}, authHeader({}), authHeader({ 'other.example': ACCOUNT })]) {
      const refused = await at.send('POST', url, { headers });
      expect([refused.statusCode, refused.json().message]).toEqual([
        500,
        expect.stringContaining('no basic auth credentials'),
      ]);
    }
    const pulled = await at.send('POST', url, { headers: authHeader(ACCOUNT) });
    expect([pulled.statusCode, pulled.json()]).toEqual([200, { images: [at.id], id: at.id }]);
  });

  test('tells of a fault last, or by its status where it is quiet', async () => {
    await using at = await openLibpodApp();
    const url = `/images/pull?reference=${at.name}:none`;
    const messages = messagesOf((await at.send('POST', url)).body);
    expect(messages.at(-1)).toMatchObject({ error: expect.stringContaining('none not found') });
    const quiet = await at.send('POST', `${url}&quiet=true`);
    expect([quiet.statusCode, quiet.json().response]).toEqual([404, 404]);
  });

  test('asks the registry as its policy says', async () => {
    await using at = await openLibpodApp();
    const pull = (policy: string) =>
      at.send('POST', `/images/pull?quiet=true&policy=${policy}&reference=${at.name}:1`);
    expect((await pull('never')).json().message).toBe(`${at.name}:1: image not known`);
    expect((await pull('missing')).json().id).toBe(at.id);
    const asked = at.registry.requests.length;
    for (const policy of ['missing', 'never']) expect((await pull(policy)).json().id).toBe(at.id);
    expect(at.registry.requests).toHaveLength(asked);
    for (const policy of ['always', 'newer']) expect((await pull(policy)).json().id).toBe(at.id);
    expect(at.registry.requests.length).toBeGreaterThan(asked);
    expect((await pull('sometimes')).statusCode).toBe(400);
  });

  test('takes all tags, and what is for another platform with a warning', async () => {
    await using at = await openLibpodApp();
    const url = `/images/pull?reference=${at.name}`;
    const { body } = await at.send('POST', `${url}&alltags=true`);
    expect(messagesOf(body).at(-1)).toEqual({ images: [at.id], id: at.id });
    const other = messagesOf((await at.send('POST', `${url}:1&arch=riscv64&os=linux`)).body);
    expect(other.at(-2)?.stream).toContain('does not match the expected platform (linux/riscv64)');
  });

  test('does not read files of the service', async () => {
    await using at = await openLibpodApp();
    const answer = await at.send('POST', '/images/pull?reference=oci-archive:/etc/passwd');
    expect([answer.statusCode, answer.json().response]).toEqual([501, 501]);
  });
});

describe('podman push', () => {
  test('sends to the name itself, or to another that goes again', async () => {
    await using at = await openLibpodApp();
    await at.pull();
    const push = (name: string, query: string) => at.send('POST', `/images/${name}/push?all=true&${query}`);
    const pushed = messagesOf((await push(`${at.name}:1`, `destination=${at.name}:1`)).body);
    expect(pushed.at(-1)).toEqual({ stream: `Writing manifest ${at.manifest.digest}\n` });
    expect(pushed).toEqual(expect.arrayContaining(at.fixture.layers.map(({ diffID }) => blobLine(diffID))));
    const quiet = await push(at.id, `quiet=true&destination=docker%3A%2F%2F${at.name}:2`);
    expect([quiet.statusCode, quiet.body]).toEqual([200, '']);
    expect(at.registry.tags('team/app')).toEqual(['1', '2']);
    expect(await at.get('/images/json')).toMatchObject([{ RepoTags: [`${at.name}:1`] }]);
    const events = (await at.app.inject(`/events?since=1&until=${Math.floor(Date.now() / 1000) + 1}`)).body;
    const told = events
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(told.map(({ Action, id }) => [Action, id])).toEqual([
      ['pull', `${at.name}:1`],
      ['push', `${at.name}:1`],
      ['push', `${at.name}:2`],
    ]);
  });

  test('leaves the image there that lost its last name, and a name alone that another has', async () => {
    await using at = await openLibpodApp();
    await at.pull();
    await at.send('POST', `/images/${at.name}:1/untag?repo=&tag=`);
    const push = (destination: string) =>
      at.send('POST', `/images/${at.id}/push?quiet=true&destination=${at.name}:${destination}`);
    expect((await push('3')).statusCode).toBe(200);
    expect(await at.get('/images/json')).toMatchObject([{ Id: at.id, RepoTags: [] }]);
    const { id } = await at.engine.import({ from: '/dev/null', ref: parseReference(`${at.name}:4`) });
    expect((await push('4')).statusCode).toBe(409);
    expect((await at.engine.inspect(`${at.name}:4`)).Id).toBe(id);
  });

  test('refuses forms that the image has not got', async () => {
    await using at = await openLibpodApp();
    await at.pull();
    const push = async (query: string) =>
      (await at.send('POST', `/images/${at.name}:1/push?quiet=true&${query}`)).statusCode;
    expect(await push('format=oci')).toBe(200);
    for (const query of ['format=v2s2', 'format=v2s1', 'compressionformat=zstd', 'compress=true'])
      expect([query, await push(query)]).toEqual([query, 501]);
    const nothing = messagesOf((await at.send('POST', '/images/nosuch/push')).body);
    expect(nothing).toEqual([expect.objectContaining({ error: expect.stringContaining('nosuch') })]);
  });
});

describe('archives for podman', () => {
  test('are saved, and loaded under full names', async () => {
    await using at = await openLibpodApp();
    await at.pull();
    await at.engine.tag({ source: `${at.name}:1`, target: parseReference('box:1') });
    const url = `/images/export?compress=false&format=docker-archive&references=${at.name}:1&references=box:1`;
    const saved = await at.send('GET', url);
    expect(saved.statusCode).toBe(200);
    await at.send('DELETE', '/images/remove?all=true');
    const loaded = await at.send('POST', '/images/load', { payload: saved.rawPayload });
    expect(loaded.json()).toEqual({
      Names: expect.arrayContaining([`${at.name}:1`, 'docker.io/library/box:1']),
    });
    expect((await at.send('GET', '/images/box:1/exists')).statusCode).toBe(204);
  });

  test('that are none, or not of a form that is written, are refused', async () => {
    await using at = await openLibpodApp();
    const loaded = await at.send('POST', '/images/load', { payload: 'no archive' });
    expect([loaded.statusCode, loaded.json().response]).toEqual([500, 500]);
    for (const query of ['format=docker-dir', 'format=oci-archive&compress=true'])
      expect((await at.send('GET', `/images/export?${query}&references=a`)).statusCode).toBe(501);
    const unknown = await at.send('GET', '/images/export?format=oci-archive&references=nosuch');
    expect([unknown.statusCode, unknown.json().cause]).toEqual([404, 'image not known']);
  });
});

describe('podman search', () => {
  test('gives names in full, and what was asked for', async () => {
    const asked: unknown[] = [];
    const result = { description: 'd', starCount: 3, isOfficial: true, isAutomated: false };
    const search = async (request: unknown) => {
      asked.push(request);
      return ['alpine', 'team/alpine'].map((name) => ({ ...result, name }));
    };
    const app = appOver({}, { withCredentials: () => ({ search }) as unknown as CredentialedVerbs });
    const filters = encodeURIComponent('{"stars":["3"]}');
    const answer = await app.inject(`/libpod/images/search?limit=0&filters=${filters}&term=alpine`);
    const shape = { Description: 'd', Stars: 3, Official: '[OK]', Automated: '', Tag: '' };
    expect(answer.json()).toEqual([
      { Index: 'docker.io', Name: 'docker.io/library/alpine', ...shape },
      { Index: 'docker.io', Name: 'docker.io/team/alpine', ...shape },
    ]);
    const other = await app.inject('/libpod/images/search?limit=2&term=localhost:1/alpine');
    expect(other.json()[0]).toMatchObject({ Index: 'localhost:1', Name: 'localhost:1/alpine' });
    expect(asked).toEqual([
      { term: 'alpine', filters: { stars: ['3'] } },
      { term: 'localhost:1/alpine', filters: {}, limit: 2 },
    ]);
    await app.close();
  });

  test('lists tags with the credentials of the request', async () => {
    await using at = await openLibpodApp();
    const { host } = at.registry;
    const tags = `/images/search?listtags=true&term=${host}/team/app`;
    const found = { Description: '', Stars: 0, Official: '', Automated: '', Tag: '1' };
    expect(await at.get(tags)).toEqual([{ Index: host, Name: at.name, ...found }]);
    const refused = await at.send('GET', tags, { headers: authHeader({}) });
    expect([refused.statusCode, refused.json().response]).toEqual([500, 500]);
  });
});
