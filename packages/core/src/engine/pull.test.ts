import { describe, expect, test } from 'vitest';
import { formatPlatform, hostPlatform } from '../platform.ts';
import { familiarName, parseReference } from '../reference.ts';
import {
  EngineSandbox,
  nameAt,
  recorder,
  requestsOf,
  serveDocument,
  serveImage,
} from '../testing/engine-sandbox.ts';
import { makeImageFixture, makeIndexFixture } from '../testing/image-fixtures.ts';
import { startMemoryRegistry } from '../testing/memory-registry.ts';
import { serveAttestation } from '../testing/multi-platform.ts';

const HOST = hostPlatform(process.platform, process.arch);
const OTHER = { os: 'linux', architecture: HOST.architecture === 's390x' ? 'ppc64le' : 's390x' };
const THIRD = { os: 'linux', architecture: 'riscv64' };

const own = makeImageFixture({ platform: HOST, layers: [{ 'etc/a': 'a' }, { 'etc/b': 'b' }] });
const other = makeImageFixture({ platform: OTHER, layers: [{ 'etc/a': 'a' }, { 'etc/other': 'b' }] });
const newer = makeImageFixture({ platform: HOST, layers: [{ 'etc/a': 'a' }, { 'etc/new': 'new' }] });

describe('pull', () => {
  test('stores a single manifest under its tag and its digest', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    const target = serveImage(registry, 'team/app', '1', own);
    const ref = nameAt(registry, 'team/app:1');
    const result = await sandbox.engine().pull({ ref });
    expect(result).toEqual({
      ref,
      target,
      imageId: own.image.config.descriptor.digest,
      status: 'downloaded',
    });
    const [row] = await sandbox.engine().images();
    expect(row).toMatchObject({
      id: result.imageId,
      repoTags: [familiarName(ref)],
      repoDigests: [`${registry.host}/team/app@${target.digest}`],
      platform: HOST,
      size: 2,
    });
    expect(sandbox.files('blobs')).toHaveLength(4);
    expect(sandbox.files('tocs')).toHaveLength(2);
    expect(sandbox.files('ingests')).toEqual([]);
    expect((await sandbox.engine().check()).faults).toEqual([]);
  });

  test('takes latest when no tag is given', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    serveImage(registry, 'team/app', 'latest', own);
    const { ref } = await sandbox.engine().pull({ ref: nameAt(registry, 'team/app') });
    expect(ref.tag).toBe('latest');
  });

  test("chooses this machine's platform from an index, and fetches nothing of the others", async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    const index = makeIndexFixture([
      { fixture: other, platform: OTHER },
      { fixture: own, platform: HOST },
    ]);
    serveImage(registry, 'team/app', '', own);
    serveImage(registry, 'team/app', '', other);
    serveDocument(registry, 'team/app', '1', index);
    const result = await sandbox.engine().pull({ ref: nameAt(registry, 'team/app:1') });
    expect(result.target.digest).toBe(index.descriptor.digest);
    expect(result.imageId).toBe(own.image.config.descriptor.digest);
    expect(result.platformMismatch).toBeUndefined();
    expect(registry.bytesSentOf(other.layers[1]!.descriptor.digest)).toBe(0);
  });

  test('chooses the platform that was asked for, and says what there is when there is none', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    const index = makeIndexFixture([
      { fixture: own, platform: HOST },
      { fixture: other, platform: OTHER },
    ]);
    serveImage(registry, 'team/app', '', own);
    serveImage(registry, 'team/app', '', other);
    serveDocument(registry, 'team/app', '1', index);
    const ref = nameAt(registry, 'team/app:1');
    const engine = sandbox.engine();
    const result = await engine.pull({ ref, platform: OTHER });
    expect(result.imageId).toBe(other.image.config.descriptor.digest);
    // The tag is current, and yet another platform is wanted now.
    const second = await engine.pull({ ref, platform: HOST });
    expect(second).toMatchObject({ imageId: own.image.config.descriptor.digest, status: 'downloaded' });
    await expect(engine.pull({ ref, platform: THIRD })).rejects.toMatchObject({
      code: 'PLATFORM_UNKNOWN',
      message: 'no matching manifest for linux/riscv64 in the manifest list entries',
      hint: expect.stringContaining(formatPlatform(OTHER)),
    });
  });

  test('takes a lone manifest for another platform, and tells', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    serveImage(registry, 'team/app', '1', other);
    const ref = nameAt(registry, 'team/app:1');
    const engine = sandbox.engine();
    const mismatch = { wanted: HOST, actual: OTHER };
    expect(await engine.pull({ ref })).not.toHaveProperty('platformMismatch');
    expect(await engine.pull({ ref, platform: HOST })).toMatchObject({
      status: 'up-to-date',
      platformMismatch: mismatch,
    });
    await engine.remove({ image: familiarName(ref) });
    expect(await engine.pull({ ref, platform: HOST })).toMatchObject({
      status: 'downloaded',
      platformMismatch: mismatch,
    });
  });

  test('brings every platform and the attestations when all are asked for', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    const attestation = serveAttestation(registry, 'team/app', own.image.manifest.descriptor.digest);
    const index = makeIndexFixture(
      [
        { fixture: other, platform: OTHER },
        { fixture: own, platform: HOST },
      ],
      [attestation],
    );
    serveImage(registry, 'team/app', '', own);
    serveImage(registry, 'team/app', '', other);
    serveDocument(registry, 'team/app', '1', index);
    const ref = nameAt(registry, 'team/app:1');
    const engine = sandbox.engine();
    const result = await engine.pull({ ref, allPlatforms: true });
    expect(result.imageId).toBe(own.image.config.descriptor.digest);
    const ids = (await engine.images({ all: true })).map((row) => row.id);
    expect(ids.sort()).toEqual([own, other].map(({ image }) => image.config.descriptor.digest).sort());
    // index, 2 manifests, 2 configs, 3 layers, attestation with config and statement
    expect(sandbox.files('blobs')).toHaveLength(11);
    expect((await engine.check()).faults).toEqual([]);
    await engine.remove({ image: familiarName(ref) });
    expect((await engine.images({ all: true })).map((row) => row.id)).toEqual([]);
    expect(sandbox.contents()).toEqual([]);
  });

  test('names an image that was pulled by digest with its repository at the digest, tag or not', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    const { digest } = serveImage(registry, 'team/app', '1', own);
    const engine = sandbox.engine();
    for (const text of [`team/app@${digest}`, `team/app:nosuch@${digest}`]) {
      const { ref } = await engine.pull({ ref: nameAt(registry, text) });
      expect(familiarName(ref)).toBe(`${registry.host}/team/app@${digest}`);
    }
    expect(await engine.images()).toMatchObject([
      { repoTags: [], repoDigests: [`${registry.host}/team/app@${digest}`] },
    ]);
  });

  test('asks by HEAD alone whether a tag is up to date', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    serveImage(registry, 'team/app', '1', own);
    const ref = nameAt(registry, 'team/app:1');
    await sandbox.engine().pull({ ref });
    const before = registry.requests.length;
    const { events, onProgress } = recorder();
    const result = await sandbox.engine().pull({ ref }, { onProgress });
    expect(result).toMatchObject({ status: 'up-to-date', imageId: own.image.config.descriptor.digest });
    expect(requestsOf(registry, before)).toEqual(['HEAD manifest']);
    expect(events.map(({ kind }) => kind)).toEqual(['resolved']);
  });

  test('says nothing of the layers of an image that is here under another name', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    serveImage(registry, 'team/app', '1', own);
    serveImage(registry, 'team/copy', '1', own);
    serveImage(registry, 'team/copy', 'newer', newer);
    const engine = sandbox.engine();
    await engine.pull({ ref: nameAt(registry, 'team/app:1') });
    const seen = recorder();
    const { status } = await engine.pull({ ref: nameAt(registry, 'team/copy:1') }, seen);
    expect({ status, phases: seen.phases() }).toEqual({ status: 'downloaded', phases: [] });
    await engine.pull({ ref: nameAt(registry, 'team/copy:newer') }, seen);
    expect(seen.phases()[0]).toMatch(/^exists /);
  });

  test('moves a tag and leaves the old image under its digest', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    const { digest } = serveImage(registry, 'team/app', '1', own);
    const ref = nameAt(registry, 'team/app:1');
    const engine = sandbox.engine();
    await engine.pull({ ref });
    serveImage(registry, 'team/app', '1', newer);
    const shared = registry.bytesSentOf(own.layers[0]!.descriptor.digest);
    expect(await engine.pull({ ref })).toMatchObject({
      status: 'downloaded',
      imageId: newer.image.config.descriptor.digest,
    });
    expect(registry.bytesSentOf(own.layers[0]!.descriptor.digest)).toBe(shared);
    const old = (await engine.images()).find(({ id }) => id === own.image.config.descriptor.digest);
    expect(old).toMatchObject({ repoTags: [], repoDigests: [`${registry.host}/team/app@${digest}`] });
  });

  test('names every tag of a repository', async () => {
    await using registry = await startMemoryRegistry({ tagsPerPage: 1 });
    await using sandbox = new EngineSandbox();
    serveImage(registry, 'team/app', '1', own);
    serveImage(registry, 'team/app', '2', newer);
    const results = await sandbox.engine().pullAllTags({ ref: nameAt(registry, 'team/app') });
    expect(results.map(({ ref }) => ref.tag)).toEqual(['1', '2']);
  });

  test.each([
    { name: 'tag', rest: 'team/app:nosuch', code: 'MANIFEST_UNKNOWN' },
    { name: 'repository', rest: 'team/nosuch:1', code: 'MANIFEST_UNKNOWN' },
  ])('leaves nothing behind for an unknown $name', async ({ rest, code }) => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    serveImage(registry, 'team/app', '1', own);
    await expect(sandbox.engine().pull({ ref: nameAt(registry, rest) })).rejects.toMatchObject({ code });
    expect(sandbox.contents()).toEqual([]);
  });

  test('fetches once when two pulls of one image run at the same time', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    serveImage(registry, 'team/app', '1', own);
    const ref = nameAt(registry, 'team/app:1');
    const results = await Promise.all([sandbox.engine().pull({ ref }), sandbox.engine().pull({ ref })]);
    expect(new Set(results.map(({ imageId }) => imageId)).size).toBe(1);
    for (const { descriptor } of own.layers)
      expect(registry.bytesSentOf(descriptor.digest)).toBe(descriptor.size);
  });

  test('does not reach a registry that is not there', async () => {
    await using sandbox = new EngineSandbox();
    const ref = parseReference('127.0.0.1:1/team/app:1');
    await expect(sandbox.engine().pull({ ref })).rejects.toMatchObject({ kind: 'unavailable' });
  });
});
