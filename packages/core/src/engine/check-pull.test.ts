import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { digestHex } from '../digest.ts';
import { withDigest } from '../reference.ts';
import { EngineSandbox, nameAt, requestsOf, serveImage } from '../testing/engine-sandbox.ts';
import { makeImageFixture } from '../testing/image-fixtures.ts';
import { instantClient } from '../testing/instant-client.ts';
import { startMemoryRegistry } from '../testing/memory-registry.ts';
import { PULLED_IMAGE, PULLED_INDEX, pulled } from '../testing/pulled-store.ts';
import { checkPull } from './check-pull.ts';

const newer = makeImageFixture({ layers: [{ app: 'newer' }] });

describe('checkPull', () => {
  test('finds what was pulled up to date, by one HEAD', async () => {
    await using store = await pulled();
    const before = store.registry.requests.length;
    expect(await store.engine.checkPull({ ref: store.ref })).toEqual({
      ref: store.ref,
      status: 'up-to-date',
      registry: PULLED_INDEX.descriptor.digest,
    });
    expect(requestsOf(store.registry, before)).toEqual(['HEAD manifest']);
  });

  test('finds that the tag has moved, by one HEAD, and fetches nothing', async () => {
    await using store = await pulled();
    const contents = store.sandbox.contents();
    const { digest } = serveImage(store.registry, 'team/app', '1', newer);
    const before = store.registry.requests.length;
    expect(await store.engine.checkPull({ ref: store.ref })).toMatchObject({
      status: 'newer',
      registry: digest,
    });
    expect(requestsOf(store.registry, before)).toEqual(['HEAD manifest']);
    expect(store.sandbox.contents()).toEqual(contents);
  });

  test('tells when the name is not here', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    const { digest } = serveImage(registry, 'team/app', 'latest', newer);
    expect(await sandbox.engine().checkPull({ ref: nameAt(registry, 'team/app') })).toEqual({
      ref: nameAt(registry, 'team/app:latest'),
      status: 'not-here',
      registry: digest,
    });
    expect(requestsOf(registry)).toEqual(['HEAD manifest']);
  });

  test('takes an image of which a part is missing for one that is not here', async () => {
    await using store = await pulled();
    const hex = digestHex(PULLED_IMAGE.image.config.descriptor.digest);
    rmSync(join(store.sandbox.root, 'blobs/sha256', hex));
    expect(await store.engine.checkPull({ ref: store.ref })).toMatchObject({ status: 'not-here' });
  });

  test('takes the one manifest of an index that was pushed for the image', async () => {
    await using store = await pulled();
    serveImage(store.registry, 'team/app', '1', PULLED_IMAGE);
    expect(await store.engine.checkPull({ ref: store.ref })).toMatchObject({ status: 'up-to-date' });
  });

  test('asks nobody for a digest that is here', async () => {
    await using store = await pulled();
    const before = store.registry.requests.length;
    const ref = withDigest(store.ref, PULLED_INDEX.descriptor.digest);
    expect(await store.engine.checkPull({ ref })).toMatchObject({ ref, status: 'up-to-date' });
    expect(store.registry.requests).toHaveLength(before);
  });

  test.each([
    { name: 'has no such tag', fault: { status: 404 }, code: 'MANIFEST_UNKNOWN' },
    { name: 'wants a login', fault: { status: 401 }, code: 'UNAUTHORIZED' },
    { name: 'limits requests', fault: { status: 429 }, code: 'RATE_LIMITED' },
    { name: 'is broken', fault: { status: 500 }, code: 'REGISTRY_ERROR' },
  ])('fails as a pull does when the registry $name', async ({ fault, code }) => {
    await using store = await pulled();
    await using client = instantClient();
    store.registry.addFault({ on: '* manifest', times: 99, ...fault });
    const deps = { store: store.sandbox.store(), registry: client };
    await expect(checkPull(deps, { ref: store.ref })).rejects.toMatchObject({ code });
  });

  test("says in a pull's words that there is no such tag", async () => {
    await using store = await pulled();
    const ref = { ...store.ref, tag: 'nosuch' };
    const words = async (asked: Promise<unknown>) => asked.catch((error: Error) => error.message);
    const told = await words(store.engine.checkPull({ ref }));
    expect(told).toMatch(/^manifest for \S+:nosuch not found: /);
    expect(told).toBe(await words(store.engine.pull({ ref })));
  });

  test('ends when it is cancelled', async () => {
    await using store = await pulled();
    const asked = store.engine.checkPull({ ref: store.ref }, { signal: AbortSignal.abort() });
    await expect(asked).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
