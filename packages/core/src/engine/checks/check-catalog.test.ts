import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { blobPath } from '../../content/store-paths.ts';
import type { Digest } from '../../digest.ts';
import { hostPlatform } from '../../platform.ts';
import { EngineSandbox } from '../../testing/engine-sandbox.ts';
import { type ImageFixture, makeImageFixture, makeIndexFixture } from '../../testing/image-fixtures.ts';
import { openRegistryService } from '../service/open-registry-service.ts';
import type { RegistryService } from '../service/registry-service.ts';

const HOST = hostPlatform(process.platform, process.arch);
const APP = makeImageFixture({ platform: HOST, layers: [{ base: 'base' }, { app: 'app' }] });
const TOOL = makeImageFixture({ platform: HOST, layers: [{ base: 'base' }, { tool: 'tool' }] });
const INDEX = makeIndexFixture([{ fixture: APP, platform: HOST }]);
const LAYER = APP.layers[1]!.descriptor.digest;
const CONFIG = APP.image.config.descriptor.digest;
const MANIFEST = APP.image.manifest.descriptor.digest;
const FORGOTTEN = 'forgotten: the next push sends it again';

async function* once(bytes: Uint8Array) {
  yield bytes;
}

async function push(service: RegistryService, fixture: ImageFixture, repository: string, tags: string[]) {
  for (const [digest, bytes] of fixture.blobs) await service.putBlob(digest, { body: once(bytes) });
  const { descriptor, bytes } = fixture.image.manifest;
  return service.putManifest({ repository, tags, bytes, contentType: descriptor.mediaType });
}

/** A store whose repositories have an image, an index of it and another image that shares a layer. */
async function catalogue() {
  const sandbox = new EngineSandbox();
  const service = await openRegistryService({ root: sandbox.root, env: {} });
  await push(service, APP, 'team/app', ['1', 'latest']);
  await push(service, TOOL, 'team/tool', []);
  const { descriptor, bytes } = INDEX;
  const index = { bytes, contentType: descriptor.mediaType, tags: ['all'] };
  await service.putManifest({ repository: 'team/index', ...index });
  const dispose = async () => {
    await service.close();
    await sandbox[Symbol.asyncDispose]();
  };
  return { sandbox, service, engine: sandbox.engine(), [Symbol.asyncDispose]: dispose };
}

function flipByte(path: string): void {
  const bytes = readFileSync(path);
  bytes[20]! ^= 1;
  writeFileSync(path, bytes);
}

test('finds nothing wrong with a sound catalogue, and a repair leaves it', async () => {
  await using store = await catalogue();
  expect((await store.engine.check()).faults).toEqual([]);
  expect((await store.engine.check({ repair: true })).faults).toEqual([]);
  expect(await store.service.listTags('team/app')).toEqual(['1', 'latest']);
});

test.each([
  { name: 'a missing layer', of: LAYER, harm: rmSync, state: 'is not in the store' },
  { name: 'a bad layer', of: LAYER, harm: flipByte, state: 'is bad' },
  { name: 'a missing config', of: CONFIG, harm: rmSync, state: 'is not in the store' },
  { name: 'a bad config', of: CONFIG, harm: flipByte, state: 'is bad' },
  { name: 'a missing manifest', of: MANIFEST, harm: rmSync, state: 'is not in the store' },
  { name: 'a bad manifest', of: MANIFEST, harm: flipByte, state: 'is bad' },
])('names every tag that $name breaks, and forgets them in a repair', async ({ of, harm, state }) => {
  await using store = await catalogue();
  const { engine, service, sandbox } = store;
  harm(blobPath(sandbox.root, of));
  const broken = ['team/app:1', 'team/app:latest', 'team/index:all'].map((subject) => ({
    kind: 'registry-incomplete',
    subject,
    message: `cannot be served: blob ${of} ${state}`,
  }));
  const bad = { kind: 'blob-corrupt', subject: of };
  const expected = state === 'is bad' ? [bad, ...broken] : broken;
  expect((await engine.check()).faults).toMatchObject(expected);
  expect((await engine.check()).faults.every(({ repaired }) => repaired === undefined)).toBe(true);
  const repaired = state === 'is bad' ? [{ ...bad, repaired: 'dropped' }] : [];
  expect((await engine.check({ repair: true })).faults).toMatchObject([
    ...repaired,
    ...broken.map((fault) => ({ ...fault, repaired: FORGOTTEN })),
  ]);
  expect((await engine.check()).faults).toEqual([]);
  expect(await service.findManifest('team/app', 'latest')).toBeUndefined();
  expect(await service.findManifest('team/app', MANIFEST)).toBeUndefined();
  expect(await service.findManifest('team/index', 'all')).toBeUndefined();
  expect(await service.findBlob(of)).toBeUndefined();
  const { digest } = TOOL.image.manifest.descriptor;
  expect(await service.findManifest('team/tool', digest)).toMatchObject({ digest });
  expect((await push(service, APP, 'team/app', ['1'])).descriptor.digest).toBe(MANIFEST);
  expect((await engine.check()).faults).toEqual([]);
});

test('names a manifest without tags by its digest', async () => {
  await using store = await catalogue();
  const layer: Digest = TOOL.layers[1]!.descriptor.digest;
  rmSync(blobPath(store.sandbox.root, layer));
  const subject = `team/tool@${TOOL.image.manifest.descriptor.digest}`;
  expect((await store.engine.check()).faults).toMatchObject([{ kind: 'registry-incomplete', subject }]);
});

test('finds a manifest whose record is lost', async () => {
  await using store = await catalogue();
  store.sandbox.store().metadata.forgetBlob(MANIFEST);
  const message = `cannot be served: blob ${MANIFEST} has no record`;
  const subjects = ['team/app:1', 'team/app:latest'];
  expect((await store.engine.check()).faults).toMatchObject(
    subjects.map((subject) => ({ subject, message })),
  );
  expect((await store.engine.check({ repair: true })).faults).toMatchObject(
    subjects.map(() => ({ repaired: FORGOTTEN })),
  );
  expect((await store.engine.check()).faults).toEqual([]);
});
