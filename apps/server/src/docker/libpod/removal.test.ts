import type { ContainerSummary, Engine } from '@wherry/core';
import { parseReference, WherryError } from '@wherry/core';
import { describe, expect, test } from 'vitest';
import { appOver, recordOf } from '../testing/fake-engine.ts';
import { openLibpodApp } from '../testing/libpod-app.ts';

type LibpodApp = Awaited<ReturnType<typeof openLibpodApp>>;

async function remove({ send }: Pick<LibpodApp, 'send'>, query: string) {
  const answer = await send('DELETE', `/images/remove?${query}`);
  expect(answer.statusCode).toBe(200);
  return answer.json();
}

describe('podman rmi', () => {
  test('takes names, and images with their last one; what is unknown is told with the rest', async () => {
    await using at = await openLibpodApp();
    await at.pull();
    await at.engine.tag({ source: `${at.name}:1`, target: parseReference('box:1') });
    expect(await remove(at, 'images=box:1&images=nosuch&force=false')).toEqual({
      Deleted: [],
      Untagged: ['docker.io/library/box:1'],
      ExitCode: 1,
      Errors: ['nosuch: image not known'],
    });
    expect(await remove(at, `images=${at.name}:1&images=nosuch&ignore=true`)).toEqual({
      Deleted: [at.id],
      Untagged: [`${at.name}:1`],
      ExitCode: 0,
      Errors: null,
    });
  });

  test('takes an image of several names by its ID when it is forced', async () => {
    await using at = await openLibpodApp();
    await at.pull();
    await at.engine.tag({ source: `${at.name}:1`, target: parseReference('box:1') });
    const refused = await remove(at, `images=${at.id}`);
    expect(refused).toMatchObject({ Deleted: [], Untagged: [], ExitCode: 125 });
    expect(refused.Errors).toEqual([expect.stringContaining('image is referenced in multiple repositories')]);
    expect(await remove(at, `images=${at.id}&force=true`)).toMatchObject({ Deleted: [at.id], ExitCode: 0 });
  });

  test('takes all images with all their names', async () => {
    await using at = await openLibpodApp();
    await at.pull();
    await at.engine.tag({ source: `${at.name}:1`, target: parseReference('box:1') });
    expect(await remove(at, 'all=true')).toMatchObject({ Deleted: [at.id], ExitCode: 0, Errors: null });
    expect(await remove(at, 'all=true')).toEqual({ Deleted: [], Untagged: [], ExitCode: 0, Errors: null });
  });

  test('exits with 2 for what a container has', async () => {
    const container = recordOf({ imageId: 'sha256:ab' });
    const app = appOver(
      { list: async () => [{ container } as ContainerSummary] },
      {
        images: async () => [],
        inspect: async () => ({ Id: 'sha256:ab' }) as Awaited<ReturnType<Engine['inspect']>>,
        remove: async () => {
          throw new WherryError('CONFLICT', 'container c is using it');
        },
      },
    );
    const answer = await app.inject({ method: 'DELETE', url: '/libpod/images/remove?images=a&images=b' });
    expect(answer.json()).toMatchObject({
      ExitCode: 2,
      Errors: ['container c is using it', 'container c is using it'],
    });
    await app.close();
  });

  test.each(['lookupmanifest', 'lookupManifest'])('does not look for manifest lists: %s', async (name) => {
    await using at = await openLibpodApp();
    await at.pull();
    const answer = await at.send('DELETE', `/images/remove?images=${at.name}:1&${name}=true`);
    expect(answer.statusCode).toBe(501);
    expect(await at.engine.images()).toHaveLength(1);
  });
});
