import { describe, expect, test } from 'vitest';
import { openLibpodApp } from '../testing/libpod-app.ts';

const IMAGES_ALONE =
  "of podman's own API, libpod, only what is about images is supported: use docker, or another client of Docker's Engine API";

describe("podman's API", () => {
  test('answers with and without a version, and says which one it is', async () => {
    await using at = await openLibpodApp();
    for (const [url, version] of [
      ['/v4.3.1/libpod/_ping', '4.3.1'],
      ['/v5.0.0/libpod/_ping', '5.0.0'],
      ['/libpod/_ping', '4.3.1'],
    ] as const) {
      const { body, headers, statusCode } = await at.app.inject(url);
      expect([statusCode, body, headers['libpod-api-version']]).toEqual([200, 'OK', version]);
    }
    expect((await at.send('HEAD', '/_ping')).statusCode).toBe(200);
    expect((await at.app.inject('/_ping')).headers).not.toHaveProperty('libpod-api-version');
  });

  test('tells of itself', async () => {
    await using at = await openLibpodApp();
    await at.pull();
    expect(await at.get('/version')).toMatchObject({
      Components: [{ Name: 'Podman Engine', Details: { APIVersion: '4.3.1' } }],
    });
    expect(await at.get('/info')).toMatchObject({
      host: { os: 'linux', serviceIsRemote: true },
      store: { imageStore: { number: 1 }, containerStore: { number: 0 } },
      version: { APIVersion: '4.3.1' },
    });
    const row = { Repository: at.name, Tag: '1', ImageID: at.id, Size: 7, UniqueSize: 7, Containers: 0 };
    expect(await at.get('/system/df')).toMatchObject({ Images: [row], Containers: [], Volumes: [] });
  });

  test.each([
    ['GET', '/containers/json'],
    ['POST', '/containers/create'],
    ['GET', '/images/box/changes'],
    ['POST', '/images/import'],
    ['GET', '/networks/bridge/json'],
    ['POST', '/build'],
  ] as const)('says of all else that it is not spoken: %s %s', async (method, url) => {
    await using at = await openLibpodApp();
    const answer = await at.send(method, url);
    expect([answer.statusCode, answer.json()]).toEqual([
      501,
      { cause: IMAGES_ALONE, message: IMAGES_ALONE, response: 501 },
    ]);
    expect((await at.app.inject({ method, url: `/team/libpod${url}` })).json()).toEqual({
      message: 'page not found',
    });
  });

  test.each([
    ['containers', 'no container with name or ID "x" found: no such container'],
    ['volumes', 'volume with name x not found: no such volume'],
    ['networks', 'network not found'],
    ['pods', 'no pod with name or ID x found: no such pod'],
  ])(
    'says that nothing of a name is among %s, as podman asks for all kinds in turn',
    async (kind, message) => {
      await using at = await openLibpodApp();
      const answer = await at.send('GET', `/${kind}/x/json`);
      expect([answer.statusCode, answer.json().message]).toEqual([404, message]);
    },
  );
});
