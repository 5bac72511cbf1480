import { parseReference } from '@wherry/core';
import { describe, expect, test } from 'vitest';
import { openLibpodApp } from '../testing/libpod-app.ts';

function filtered(filters: object): string {
  return `/images/json?filters=${encodeURIComponent(JSON.stringify(filters))}`;
}

describe('images of podman', () => {
  test('are listed under their full names', async () => {
    await using at = await openLibpodApp();
    await at.pull();
    await at.engine.tag({ source: `${at.name}:1`, target: parseReference('debian:12') });
    const repoTags = [`${at.name}:1`, 'docker.io/library/debian:12'];
    const [listed, ...others] = await at.get('/images/json?all=false&filters=%7B%7D');
    expect(others).toEqual([]);
    expect(listed).toEqual({
      Id: at.id,
      ParentId: '',
      RepoTags: expect.arrayContaining(repoTags),
      RepoDigests: [`${at.name}@${at.manifest.digest}`],
      Created: 1630372848,
      Size: 7,
      SharedSize: 0,
      VirtualSize: 7,
      Labels: { tier: 'web' },
      Containers: 0,
      Names: expect.arrayContaining(repoTags),
      Digest: at.manifest.digest,
      History: expect.arrayContaining(repoTags),
    });
  });

  test('are filtered by the end of a name, by a full one, and by what Docker knows', async () => {
    await using at = await openLibpodApp();
    await at.pull();
    await at.engine.tag({ source: `${at.name}:1`, target: parseReference('debian:12') });
    const found = async (filters: object) => (await at.get(filtered(filters))).length;
    for (const reference of [
      'app',
      'team/app:1',
      `${at.name}:1`,
      'deb*',
      'docker.io/library/debian',
      'debian:12',
    ])
      expect([reference, await found({ reference: [reference] })]).toEqual([reference, 1]);
    for (const reference of ['ap', 'docker.io/library/app', 'app:2'])
      expect([reference, await found({ reference: [reference] })]).toEqual([reference, 0]);
    expect(await found({ id: [at.id.slice(0, 12)] })).toBe(1);
    expect(await found({ id: ['xyz', `sha256:${at.id}`] })).toBe(1);
    expect(await found({ id: ['xyz'] })).toBe(0);
    expect(await found({ label: { 'tier=web': true }, dangling: ['false'] })).toBe(1);
    expect(await found({ after: [at.id] })).toBe(0);
    const unknown = await at.send('GET', filtered({ bogus: ['1'] }));
    const message = 'unsupported image filter "bogus"';
    expect([unknown.statusCode, unknown.json()]).toEqual([500, { cause: message, message, response: 500 }]);
  });

  test('are inspected, with the steps that made no layer', async () => {
    await using at = await openLibpodApp();
    await at.pull();
    for (const name of [`${at.name}:1`, encodeURIComponent(`${at.name}:1`), at.id, at.id.slice(0, 6)])
      expect(await at.get(`/images/${name}/json?size=false`)).toMatchObject({
        Id: at.id,
        Digest: at.manifest.digest,
        RepoTags: [`${at.name}:1`],
        RepoDigests: [`${at.name}@${at.manifest.digest}`],
        Created: '2021-08-31T01:20:48Z',
        Config: { Cmd: ['/bin/sh'], Labels: { tier: 'web' } },
        RootFS: { Type: 'layers', Layers: at.fixture.layers.map(({ diffID }) => diffID) },
        Labels: { tier: 'web' },
        ManifestType: at.manifest.mediaType,
        User: '',
        History: [
          { created: '2021-08-31T01:20:48.000Z', created_by: 'COPY 0' },
          { created: '2021-08-31T01:20:48.000Z', created_by: 'COPY 1' },
        ],
        NamesHistory: [`${at.name}:1`],
      });
    expect(await at.get(`/images/${at.name}:1/history`)).toEqual([
      { Id: at.id, Created: 1630372848, CreatedBy: 'COPY 1', Tags: [`${at.name}:1`], Size: 3, Comment: '' },
      { Id: '<missing>', Created: 1630372848, CreatedBy: 'COPY 0', Tags: null, Size: 4, Comment: '' },
    ]);
    const [base, app] = at.fixture.layers.map(({ diffID }) => diffID.slice(7, 19));
    expect((await at.get(`/images/${at.name}:1/tree?whatrequires=false`)).Tree).toBe(
      [
        `Image ID: ${at.id.slice(0, 12)}`,
        `Tags:     [${at.name}:1]`,
        'Size:     7B',
        'Image Layers',
        `├── ID: ${base} Size:      4B`,
        `└── ID: ${app} Size:      3B Top Layer of: [${at.name}:1]`,
        '',
      ].join('\n'),
    );
    expect((await at.send('GET', `/images/${at.name}:1/tree?whatrequires=true`)).statusCode).toBe(501);
  });

  test('get names and lose them, and stay', async () => {
    await using at = await openLibpodApp();
    await at.pull();
    const named = `/images/${encodeURIComponent(`${at.name}:1`)}`;
    for (const query of ['repo=box&tag=3', 'repo=docker.io%2Flibrary%2Ffoo&tag=']) {
      const tagged = await at.send('POST', `${named}/tag?${query}`);
      expect([tagged.statusCode, tagged.body]).toEqual([201, '']);
    }
    expect((await at.send('GET', '/images/box:3/exists')).statusCode).toBe(204);
    expect((await at.send('POST', `${named}/untag?repo=box&tag=3`)).statusCode).toBe(201);
    expect((await at.send('GET', '/images/box:3/exists')).statusCode).toBe(404);
    const notKnown = await at.send('POST', `${named}/untag?repo=box&tag=3`);
    expect([notKnown.statusCode, notKnown.json().message]).toEqual([
      500,
      'docker.io/library/box:3: tag not known',
    ]);
    const bad = await at.send('POST', `${named}/tag?repo=BAD&tag=1`);
    expect([bad.statusCode, bad.json().response]).toEqual([500, 500]);
    expect((await at.send('POST', `${named}/untag?repo=&tag=`)).statusCode).toBe(201);
    expect(await at.get('/images/json')).toMatchObject([{ Id: at.id, RepoTags: [], Dangling: true }]);
    const pruned = await at.send('POST', '/images/prune?all=false&external=false&filters=%7B%7D');
    expect(pruned.json()).toEqual([{ Id: at.id, Size: 7 }]);
    expect(await at.get('/images/json?all=true')).toEqual([]);
  });

  test.each([
    ['GET', '/images/team/nosuch:1/json'],
    ['GET', '/images/team/nosuch:1/history'],
    ['GET', '/images/team/nosuch:1/tree'],
    ['POST', '/images/team/nosuch:1/tag?repo=x&tag=1'],
    ['POST', '/images/team/nosuch:1/untag?repo=&tag='],
  ] as const)('that are not here are told in the words that podman looks for: %s %s', async (method, url) => {
    await using at = await openLibpodApp();
    const answer = await at.send(method, url);
    expect([answer.statusCode, answer.json()]).toEqual([
      404,
      {
        cause: 'image not known',
        message: 'failed to find image team/nosuch:1: team/nosuch:1: image not known',
        response: 404,
      },
    ]);
    expect(answer.headers['content-type']).toBe('application/json');
  });
});
