import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { tocPath } from '../../../content/store-paths.ts';
import { trashPath } from '../../../content/trash-files.ts';
import { GRACE_MS } from '../../../metadata/sweep.ts';
import {
  imageOf,
  indexOf,
  type PushedBytes,
  pushDocument,
  putBlob,
  ServiceSandbox,
} from '../../../testing/service-sandbox.ts';
import type { Store } from '../../store/store.ts';
import { type CollectGarbageRequest, collectGarbage } from './collect-garbage.ts';
import { restoreBlob, restoreManifest } from './trash.ts';

const DAY_MS = 24 * 3600 * 1000;
const REPOSITORY = 'team/app';

let sandbox: ServiceSandbox;
let store: Store;

beforeEach(() => {
  sandbox = new ServiceSandbox();
  store = sandbox.store();
});
afterEach(() => sandbox[Symbol.dispose]());

const push = (document: PushedBytes, ...tags: string[]) => pushDocument(store, REPOSITORY, document, ...tags);

async function collect(request: Partial<CollectGarbageRequest> = {}) {
  const defaults = { trashGraceMs: DAY_MS, uploadMaxAgeMs: DAY_MS };
  const result = await collectGarbage({ store, now: sandbox.clock.now }, { ...defaults, ...request });
  return result.items.map(({ kind, subject }) => `${kind} ${subject.slice(0, 30)}`).sort();
}

function manifests(): string[] {
  return store.metadata
    .listCatalog()
    .map(({ digest }) => digest)
    .sort();
}

const blobCount = () => readdirSync(join(sandbox.root, 'blobs/sha256')).length;

describe('garbage collection', () => {
  test('takes nothing that a tag leads to, nor what was just pushed', async () => {
    const [tagged, fresh] = [imageOf('tagged'), imageOf('fresh')];
    await push(indexOf(tagged), 'never');
    await push(tagged);
    await push(indexOf(tagged), '1');
    sandbox.clock.pass(GRACE_MS + 1);
    await push(fresh);
    expect(await collect()).toEqual([]);
    expect(blobCount()).toBe(7);
  });

  test('takes untagged manifests out of their repository, and what only they needed into the trash', async () => {
    const [old, now] = [imageOf('old'), imageOf('new')];
    await push(old, '1');
    await push(now, '1');
    sandbox.clock.pass(GRACE_MS + 1);
    const dry = await collect({ dryRun: true });
    expect(blobCount()).toBe(6);
    const gone = await collect();
    expect(gone).toEqual(dry);
    expect(gone.map((text) => text.split(' ')[0])).toEqual(['blob', 'blob', 'blob', 'manifest']);
    expect(manifests()).toEqual([now.digest]);
    expect(blobCount()).toBe(3);
    expect(existsSync(trashPath(sandbox.root, old.digest))).toBe(true);
    expect(await collect()).toEqual([]);
  });

  test('keeps untagged manifests where they are to be kept', async () => {
    await push(imageOf('old'), '1');
    await push(imageOf('new'), '1');
    sandbox.clock.pass(GRACE_MS + 1);
    expect(await collect({ keepUntagged: true })).toEqual([]);
  });

  test('lets referrers live as long as their subject, whether they were pushed before or after it', async () => {
    const subject = imageOf('subject');
    const referrer = imageOf('signature', subject);
    const ofReferrer = imageOf('signature of the signature', referrer);
    const ofNothing = imageOf('signature of what never came', imageOf('absent'));
    await push(ofReferrer);
    await push(referrer);
    await push(subject, '1');
    await push(ofNothing, 'kept');
    sandbox.clock.pass(GRACE_MS + 1);
    expect(await collect()).toEqual([]);
    await push(imageOf('other'), '1');
    sandbox.clock.pass(GRACE_MS + 1);
    expect((await collect()).filter((text) => text.startsWith('manifest'))).toHaveLength(3);
    expect(manifests()).toHaveLength(2);
  });

  test('keeps the subject of a tagged referrer', async () => {
    const subject = imageOf('subject');
    await push(subject);
    await push(imageOf('signature', subject), 'sig');
    sandbox.clock.pass(GRACE_MS + 1);
    expect(await collect()).toEqual([]);
  });

  test('takes nothing that a lease names', async () => {
    const digest = await putBlob(store, Buffer.from('leased'));
    sandbox.clock.pass(GRACE_MS + 1);
    const other = sandbox.store();
    const lease = await other.metadata.acquireLease('pull');
    lease.add(digest);
    expect(await collect()).toEqual([]);
    await lease[Symbol.asyncDispose]();
    expect(await collect()).toHaveLength(1);
  });

  test('empties the trash after its grace, and forgets broken-off uploads', async () => {
    const digest = await putBlob(store, Buffer.from('needless'));
    sandbox.clock.pass(GRACE_MS + 1);
    await collect();
    sandbox.clock.pass(DAY_MS - 1);
    expect(await collect()).toEqual([]);
    expect(existsSync(trashPath(sandbox.root, digest))).toBe(true);
    sandbox.clock.pass(1);
    expect(await collect({ dryRun: true })).toHaveLength(1);
    const { items, reclaimedBytes } = await collectGarbage(
      { store, now: sandbox.clock.now },
      { trashGraceMs: DAY_MS, uploadMaxAgeMs: DAY_MS },
    );
    expect(items).toEqual([{ kind: 'trash', subject: digest, bytes: 8 }]);
    expect(reclaimedBytes).toBe(8);
    expect(existsSync(trashPath(sandbox.root, digest))).toBe(false);
    expect(await store.blobs.stat(digest)).toBeUndefined();
  });

  test('gives back from the trash what something has come to hold', async () => {
    const image = imageOf('needed again');
    await push(image);
    sandbox.clock.pass(GRACE_MS + 1);
    await collect();
    const descriptor = { mediaType: image.mediaType, digest: image.digest, size: image.bytes.length };
    // As if a power cut had undone the move back.
    store.metadata.putManifest('other', { descriptor, children: [] }, ['1']);
    sandbox.clock.pass(DAY_MS);
    await collect();
    expect(await store.blobs.stat(image.digest)).toBeDefined();
  });
});

describe('the trash', () => {
  test('gives a blob back to whoever asks for it, with its records', async () => {
    const bytes = Buffer.from('a layer');
    const digest = await putBlob(store, bytes);
    const record = { digest, diffID: digest, size: 7, tarSize: 7, contentSize: 3 };
    store.metadata.putLayer(record);
    mkdirSync(join(sandbox.root, 'tocs/sha256'), { recursive: true });
    writeFileSync(tocPath(sandbox.root, digest), 'toc');
    sandbox.clock.pass(GRACE_MS + 1);
    expect(await collect()).toHaveLength(1);
    expect(store.metadata.findLayer(digest)).toBeUndefined();
    const other = sandbox.store();
    expect(await other.blobs.stat(digest)).toEqual({ digest, size: 7 });
    expect(restoreBlob(other, digest)).toBe(true);
    expect(store.metadata.findLayer(digest)).toEqual(record);
    expect(existsSync(tocPath(sandbox.root, digest))).toBe(true);
    expect(restoreBlob(other, digest)).toBe(false);
  });

  test('gives a manifest back to its repository, with all that it needs', async () => {
    const [image, absent] = [imageOf('image', imageOf('absent')), imageOf('other')];
    await push(image);
    await push(indexOf(image));
    await push(absent);
    sandbox.clock.pass(GRACE_MS + 1);
    await collect();
    expect(manifests()).toEqual([]);
    expect(await restoreManifest(store, 'another', indexOf(image).digest)).toBe(false);
    expect(await restoreManifest(store, REPOSITORY, indexOf(image).digest)).toBe(true);
    expect(manifests()).toEqual([indexOf(image).digest]);
    expect(blobCount()).toBe(4);
    sandbox.clock.pass(DAY_MS);
    await collect();
    expect(await restoreManifest(store, REPOSITORY, absent.digest)).toBe(false);
  });

  test('does not give back what was deleted after it had come back', async () => {
    const image = imageOf('image');
    await push(image);
    sandbox.clock.pass(GRACE_MS + 1);
    await collect();
    await push(image, '1');
    store.metadata.forgetManifest(REPOSITORY, image.digest, () => true);
    expect(await restoreManifest(store, REPOSITORY, image.digest)).toBe(false);
  });
});
