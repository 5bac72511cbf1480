import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ingestDir } from '../content/store-paths.ts';
import type { Digest } from '../digest.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { hostPlatform } from '../platform.ts';
import { familiarName } from '../reference.ts';
import { EngineSandbox, nameAt, recorder, requestsOf, serveImage } from '../testing/engine-sandbox.ts';
import { makeImageFixture } from '../testing/image-fixtures.ts';
import { noise } from '../testing/layer-fixtures.ts';
import { startMemoryRegistry } from '../testing/memory-registry.ts';

const HOST = hostPlatform(process.platform, process.arch);
const large = noise(300_000).toString('latin1');
const fixture = makeImageFixture({ platform: HOST, layers: [{ small: 'a' }, { large }, { third: 'c' }] });
const [first, second, _third] = fixture.layers.map(({ descriptor }) => descriptor) as [
  Descriptor,
  Descriptor,
  Descriptor,
];

describe('a pull that does not go well', () => {
  test('refuses bytes with another digest, and keeps none of them', async () => {
    await using registry = await startMemoryRegistry({
      faults: [{ on: 'GET blob', times: 99, after: 1, corrupt: true }],
    });
    await using sandbox = new EngineSandbox();
    serveImage(registry, 'team/app', '1', fixture);
    const error = await sandbox
      .engine()
      .pull({ ref: nameAt(registry, 'team/app:1') })
      .catch((caught) => caught);
    expect(error.kind).toMatch(/corrupt|invalid/);
    expect(sandbox.files('tocs')).toEqual([]);
    expect(sandbox.files('blobs').length).toBeLessThanOrEqual(1);
  });

  test('goes on by itself when the connection breaks', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    serveImage(registry, 'team/app', '1', fixture);
    registry.addFault({ on: 'GET blob', after: 1, resetAfterBytes: 1000 });
    const { status } = await sandbox.engine().pull({ ref: nameAt(registry, 'team/app:1') });
    expect(status).toBe('downloaded');
    const all = fixture.layers.reduce((sum, { descriptor }) => sum + descriptor.size, 0);
    const sent = fixture.layers.reduce(
      (sum, { descriptor }) => sum + registry.bytesSentOf(descriptor.digest),
      0,
    );
    expect(sent).toBe(all);
  });

  test('resumes what an earlier one left, and says how much it was', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    serveImage(registry, 'team/app', '1', fixture);
    leavePartial(sandbox, second.digest, fixture.blobs.get(second.digest)!.subarray(0, 100_000));
    const seen = recorder();
    await sandbox.engine().pull({ ref: nameAt(registry, 'team/app:1') }, seen);
    expect(registry.bytesSentOf(second.digest)).toBe(second.size - 100_000);
    expect(seen.events).toContainEqual(
      expect.objectContaining({ digest: second.digest, phase: 'downloading', resumedFrom: 100_000 }),
    );
    expect((await sandbox.engine().check()).faults).toEqual([]);
  });

  test('needs no request for a layer that is all there but its commit', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    serveImage(registry, 'team/app', '1', fixture);
    leavePartial(sandbox, second.digest, fixture.blobs.get(second.digest)!);
    await sandbox.engine().pull({ ref: nameAt(registry, 'team/app:1') });
    expect(registry.bytesSentOf(second.digest)).toBe(0);
  });

  test.each([
    { name: 'are others', bytes: () => new Uint8Array(100_000) },
    {
      name: 'have one wrong bit',
      bytes: () => {
        const bytes = fixture.blobs.get(second.digest)!.slice(0, 100_000);
        bytes[50_000]! ^= 1;
        return bytes;
      },
    },
    { name: 'are more than the layer has', bytes: () => new Uint8Array(second.size + 10) },
  ])('fetches anew, once, when the bytes that were left $name', async ({ bytes }) => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    serveImage(registry, 'team/app', '1', fixture);
    leavePartial(sandbox, second.digest, bytes());
    await sandbox.engine().pull({ ref: nameAt(registry, 'team/app:1') });
    expect(registry.bytesSentOf(second.digest)).toBeLessThan(2 * second.size);
    expect((await sandbox.engine().check()).faults).toEqual([]);
  });

  test('takes a blob that is here without a record as it is', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    serveImage(registry, 'team/app', '1', fixture);
    mkdirSync(join(sandbox.root, 'blobs/sha256'), { recursive: true });
    writeFileSync(
      join(sandbox.root, 'blobs/sha256', second.digest.slice(7)),
      fixture.blobs.get(second.digest)!,
    );
    await sandbox.engine().pull({ ref: nameAt(registry, 'team/app:1') });
    expect(registry.bytesSentOf(second.digest)).toBe(0);
    expect(sandbox.files('tocs')).toHaveLength(3);
    expect((await sandbox.engine().check()).faults).toEqual([]);
  });

  test('stops when it is cancelled, and the next one resumes', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    serveImage(registry, 'team/app', '1', fixture);
    const ref = nameAt(registry, 'team/app:1');
    const cancel = new AbortController();
    const onProgress = (event: { kind: string; current?: number; digest?: string }) => {
      if (event.digest === second.digest && (event.current ?? 0) > 0) cancel.abort();
    };
    const pulling = sandbox.engine().pull({ ref }, { signal: cancel.signal, onProgress });
    await expect(pulling).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await sandbox.engine().images()).toEqual([]);
    const held = existsSync(ingestDir(sandbox.root, second.digest));
    expect(held).toBe(true);
    const sentBefore = registry.requests.length;
    const seen = recorder();
    await sandbox.engine().pull({ ref }, seen);
    expect(seen.events.some((event) => event.kind === 'layer' && (event.resumedFrom ?? 0) > 0)).toBe(true);
    expect(requestsOf(registry, sentBefore).length).toBeGreaterThan(0);
    expect((await sandbox.engine().check()).faults).toEqual([]);
  });

  test('does not begin when it is cancelled before', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    serveImage(registry, 'team/app', '1', fixture);
    const pulling = sandbox
      .engine()
      .pull({ ref: nameAt(registry, 'team/app:1') }, { signal: AbortSignal.abort() });
    await expect(pulling).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(sandbox.contents()).toEqual([]);
  });

  test('fetches again what the store has lost', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    serveImage(registry, 'team/app', '1', fixture);
    const ref = nameAt(registry, 'team/app:1');
    const { imageId } = await sandbox.engine().pull({ ref });
    const store = sandbox.store();
    for (const digest of [imageId, first.digest, fixture.image.manifest.descriptor.digest]) {
      store.drop(digest);
      expect(await sandbox.engine().pull({ ref })).toMatchObject({ imageId });
      expect(await store.blobs.stat(digest)).toBeDefined();
    }
    expect((await sandbox.engine().check()).faults).toEqual([]);
    await sandbox.engine().remove({ image: familiarName(ref) });
    expect(sandbox.contents()).toEqual([]);
  });
});

/** What a process leaves that is killed in the middle of a layer. */
function leavePartial(sandbox: EngineSandbox, digest: Digest, bytes: Uint8Array): void {
  const directory = ingestDir(sandbox.root, digest);
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, 'data'), bytes);
}
