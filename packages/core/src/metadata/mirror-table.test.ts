import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Digest } from '../digest.ts';
import { digestOf, type TestClock, testClock } from '../testing/metadata-store-suite.ts';
import { SqliteMetadataStore } from './sqlite-metadata-store.ts';
import { GRACE_MS } from './sweep.ts';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const APP = { upstream: 'docker.io', repository: 'library/app' };
const TWIN = { upstream: 'docker.io', repository: 'library/twin' };
const OTHER = { upstream: 'ghcr.io', repository: 'library/app' };
const [LAYER, OTHER_LAYER] = [digestOf('layer'), digestOf('other layer')];

let root: string;
let clock: TestClock;
let store: SqliteMetadataStore;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'wherry-metadata-'));
  clock = testClock();
  store = SqliteMetadataStore.open(root, { clock });
});
afterEach(async () => {
  store.close();
  await rm(root, { recursive: true, force: true });
});

/** Puts content into the cache as a fetch does. */
function keep(of: typeof APP, digest: Digest, size = 10): void {
  store.mirror.reserve({ digest, size });
  store.mirror.hold(of, { digest, size }, []);
}

const cached = () => [...store.mirror.leastRecentlyUsed()].map(({ digest }) => digest);

describe('the cache of the mirror', () => {
  test('holds content from before it is stored until it is released', () => {
    store.mirror.reserve({ digest: LAYER, size: 10 });
    expect(store.reachable()).toEqual(new Set([LAYER]));
    expect(store.mirror.findLink(APP, LAYER)).toBeUndefined();
    store.mirror.hold(APP, { digest: LAYER, size: 10 }, []);
    clock.advance(2 * GRACE_MS);
    expect(store.sweep(() => true, [LAYER])).toEqual([]);
    store.mirror.releaseUnheld(LAYER);
    expect(store.reachable()).toEqual(new Set([LAYER]));
    store.mirror.release(LAYER);
    expect(store.sweep(() => true, [LAYER])).toEqual([LAYER]);
    expect(store.mirror.findLink(APP, LAYER)).toEqual({ digest: LAYER, size: 10, isHeld: false });
  });

  test('forgets what was reserved and never came', () => {
    store.mirror.reserve({ digest: LAYER, size: 10 });
    store.mirror.releaseUnheld(LAYER);
    expect(store.mirror.bytes()).toBe(0);
    expect(store.reachable()).toEqual(new Set());
  });

  test('knows content by repository, and what a manifest names by its size', () => {
    const manifest = { digest: digestOf('manifest'), size: 300, mediaType: MANIFEST };
    store.mirror.hold(APP, manifest, [{ digest: LAYER, size: 10 }]);
    expect(store.mirror.findLink(APP, manifest.digest)).toEqual({ ...manifest, isHeld: true });
    expect(store.mirror.findLink(APP, LAYER)).toEqual({ digest: LAYER, size: 10, isHeld: false });
    expect([APP, TWIN, OTHER].map((of) => store.mirror.knows(of))).toEqual([true, false, false]);
    expect(store.mirror.isHeldBy('docker.io', LAYER)).toBe(false);
    keep(APP, LAYER);
    expect(store.mirror.isHeldBy('docker.io', LAYER)).toBe(true);
    expect(store.mirror.isHeldBy('ghcr.io', LAYER)).toBe(false);
    // Another manifest that lies changes nothing of what came.
    store.mirror.hold(APP, { ...manifest, digest: digestOf('liar') }, [
      { digest: LAYER, size: 99 },
      { digest: manifest.digest, size: 1 },
    ]);
    expect(store.mirror.findLink(APP, LAYER)).toEqual({ digest: LAYER, size: 10, isHeld: true });
    expect(store.mirror.findLink(APP, manifest.digest)).toEqual({ ...manifest, isHeld: true });
  });

  test('gives content in the order of its last use, with all who hold it', () => {
    keep(APP, LAYER);
    clock.advance(120_000);
    keep(APP, OTHER_LAYER, 20);
    keep(TWIN, OTHER_LAYER, 20);
    expect([...store.mirror.leastRecentlyUsed()]).toEqual([
      { digest: LAYER, size: 10, repositories: [APP] },
      { digest: OTHER_LAYER, size: 20, repositories: [APP, TWIN] },
    ]);
    expect(store.mirror.bytes()).toBe(30);
    clock.advance(120_000);
    store.mirror.noteUse(LAYER);
    expect(cached()).toEqual([OTHER_LAYER, LAYER]);
  });

  test('does not write every use down', () => {
    keep(APP, LAYER);
    clock.advance(30_000);
    keep(APP, OTHER_LAYER);
    clock.advance(29_000);
    store.mirror.noteUse(LAYER);
    expect(cached()).toEqual([LAYER, OTHER_LAYER]);
    clock.advance(1_000);
    store.mirror.noteUse(LAYER);
    expect(cached()).toEqual([OTHER_LAYER, LAYER]);
  });

  test('gives all of a large cache', () => {
    const many = Array.from({ length: 450 }, (_, at) => digestOf(`blob ${at}`));
    for (const digest of many) keep(APP, digest, 1);
    expect(new Set(cached())).toEqual(new Set(many));
  });

  test('keeps tags apart by upstream and repository, with the time they were checked', () => {
    store.mirror.putTag(APP, 'v2', LAYER);
    clock.advance(1_000);
    store.mirror.putTag(APP, 'v1', LAYER);
    store.mirror.putTag(OTHER, 'v1', OTHER_LAYER);
    expect(store.mirror.listTags(APP)).toEqual(['v1', 'v2']);
    expect(store.mirror.findTag(APP, 'v1')).toEqual({ digest: LAYER, checkedAt: clock.now() });
    expect(store.mirror.findTag(OTHER, 'v1')?.digest).toBe(OTHER_LAYER);
    store.mirror.deleteTag(APP, 'v1');
    expect(store.mirror.listTags(APP)).toEqual(['v2']);
    // A tag holds nothing: it is what the upstream last said.
    expect(store.reachable()).toEqual(new Set());
  });
});
