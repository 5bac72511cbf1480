import { describe, expect, test } from 'vitest';
import { digestOfBytes } from '../image/build-image.ts';
import { hostPlatform } from '../platform.ts';
import { familiarName, parseReference, type Reference } from '../reference.ts';
import {
  EngineSandbox,
  nameAt,
  recorder,
  requestsOf,
  serveDocument,
  serveImage,
} from '../testing/engine-sandbox.ts';
import { makeImageFixture, makeIndexFixture } from '../testing/image-fixtures.ts';
import { sourceOf } from '../testing/layer-fixtures.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../testing/memory-registry.ts';
import { tarOf } from '../testing/tar-fixtures.ts';

const HOST = hostPlatform(process.platform, process.arch);
const OTHER = { os: 'linux', architecture: HOST.architecture === 's390x' ? 'ppc64le' : 's390x' };

const own = makeImageFixture({ platform: HOST, layers: [{ 'etc/a': 'a' }, { 'etc/b': 'b' }] });
const sibling = makeImageFixture({ platform: HOST, layers: [{ 'etc/a': 'a' }, { 'etc/c': 'c' }] });
const other = makeImageFixture({ platform: OTHER, layers: [{ 'etc/a': 'a' }, { 'etc/other': 'b' }] });
const tar = tarOf({ name: 'etc/plain', type: 'file', content: 'plain'.repeat(1000) });

function servedIndex(registry: MemoryRegistry) {
  const index = makeIndexFixture([
    { fixture: other, platform: OTHER },
    { fixture: own, platform: HOST },
  ]);
  serveImage(registry, 'team/app', '', own);
  serveImage(registry, 'team/app', '', other);
  serveDocument(registry, 'team/app', '1', index);
  return index.descriptor;
}

describe('push', () => {
  test('sends the bytes that were pulled: no digest changes', async () => {
    await using registry = await startMemoryRegistry();
    await using target = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    const { digest } = serveImage(registry, 'team/app', '1', own);
    const engine = sandbox.engine();
    await engine.pull({ ref: nameAt(registry, 'team/app:1') });
    const ref = nameAt(target, 'mirror/app:2');
    await engine.tag({ source: familiarName(nameAt(registry, 'team/app:1')), target: ref });
    const seen = recorder();
    const result = await engine.push({ ref }, seen);
    expect(result).toMatchObject({ ref, target: { digest } });
    expect(target.manifest('mirror/app', '2')).toEqual(Buffer.from(own.image.manifest.bytes));
    for (const layer of own.layers) expect(target.hasBlob('mirror/app', layer.descriptor.digest)).toBe(true);
    expect(seen.events[0]).toMatchObject({ kind: 'pushing' });
    expect(seen.events.at(-1)).toMatchObject({ kind: 'tag-pushed', ref, target: { digest } });
    const [top, bottom] = [own.layers[1]!.diffID, own.layers[0]!.diffID].map((id) => id.slice(7, 13));
    expect(seen.phases().slice(0, 2)).toEqual([`preparing ${top}`, `preparing ${bottom}`]);
    expect(seen.phases()).toEqual(expect.arrayContaining([`pushed ${top}`, `pushed ${bottom}`]));
    const [row] = await engine.images();
    expect(row?.repoDigests).toContain(`${target.host}/mirror/app@${digest}`);
  });

  test('lists no layers before it has reached the registry', async () => {
    await using registry = await startMemoryRegistry();
    await using closed = await startMemoryRegistry({ auth: { kind: 'basic', username: 'u', password: 'p' } });
    await using sandbox = new EngineSandbox();
    serveImage(registry, 'team/app', '1', own);
    const engine = sandbox.engine();
    await engine.pull({ ref: nameAt(registry, 'team/app:1') });
    const pushTo = async (ref: Reference) => {
      await engine.tag({ source: familiarName(nameAt(registry, 'team/app:1')), target: ref });
      const seen = recorder();
      await expect(engine.push({ ref }, seen)).rejects.toThrow();
      return seen.phases().map((phase) => phase.split(' ')[0]);
    };
    expect(await pushTo(parseReference('127.0.0.1:1/team/app:1'))).toEqual([]);
    expect(await pushTo(nameAt(closed, 'team/app:1'))).toEqual(['preparing', 'preparing']);
  });

  test('sends nothing that the repository has', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    serveImage(registry, 'team/app', '1', own);
    const ref = nameAt(registry, 'team/app:1');
    const engine = sandbox.engine();
    await engine.pull({ ref });
    const before = registry.requests.length;
    const seen = recorder();
    await engine.push({ ref }, seen);
    const requests = requestsOf(registry, before);
    expect(requests.filter((request) => /POST|PATCH|PUT blob|PUT upload/.test(request))).toEqual([]);
    expect(requests.at(-1)).toBe('PUT manifest');
    expect(seen.phases().filter((phase) => phase.startsWith('exists'))).toHaveLength(2);
  });

  test('mounts what another repository of the registry is known to have', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    serveImage(registry, 'team/app', '1', own);
    const engine = sandbox.engine();
    await engine.pull({ ref: nameAt(registry, 'team/app:1') });
    const ref = nameAt(registry, 'team/copy:1');
    await engine.tag({ source: familiarName(nameAt(registry, 'team/app:1')), target: ref });
    const seen = recorder();
    await engine.push({ ref }, seen);
    const mounted = seen.events.filter((event) => event.kind === 'layer' && event.phase === 'mounted');
    expect(mounted).toHaveLength(2);
    expect(mounted[0]).toMatchObject({ mountedFrom: 'team/app' });
    expect(
      registry.requests.filter(({ bytesReceived, kind }) => kind === 'upload' && bytesReceived > 0),
    ).toHaveLength(1);
  });

  test('pushes an index whole when all of it is here', async () => {
    await using registry = await startMemoryRegistry();
    await using target = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    const { digest } = servedIndex(registry);
    const engine = sandbox.engine();
    await engine.pull({ ref: nameAt(registry, 'team/app:1'), allPlatforms: true });
    const ref = nameAt(target, 'team/app:1');
    await engine.tag({ source: familiarName(nameAt(registry, 'team/app:1')), target: ref });
    expect((await engine.push({ ref })).target.digest).toBe(digest);
    await using second = new EngineSandbox();
    await second.engine().pull({ ref, allPlatforms: true });
    expect(await second.engine().images({ all: true })).toHaveLength(2);
  });

  test('pushes an index when the rest of it is in the registry', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    const { digest } = servedIndex(registry);
    const engine = sandbox.engine();
    await engine.pull({ ref: nameAt(registry, 'team/app:1') });
    const seen = recorder();
    const ref = nameAt(registry, 'team/app:2');
    await engine.tag({ source: familiarName(nameAt(registry, 'team/app:1')), target: ref });
    expect((await engine.push({ ref }, seen)).target.digest).toBe(digest);
    expect(seen.events.filter(({ kind }) => kind === 'warning')).toEqual([]);
  });

  test("pushes one platform's manifest, with a warning, when the rest of the index is nowhere", async () => {
    await using registry = await startMemoryRegistry();
    await using target = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    servedIndex(registry);
    const engine = sandbox.engine();
    await engine.pull({ ref: nameAt(registry, 'team/app:1') });
    const ref = nameAt(target, 'team/app:1');
    await engine.tag({ source: familiarName(nameAt(registry, 'team/app:1')), target: ref });
    const seen = recorder();
    expect((await engine.push({ ref }, seen)).target.digest).toBe(own.image.manifest.descriptor.digest);
    expect(seen.events.filter(({ kind }) => kind === 'warning')).toMatchObject([
      { message: expect.stringContaining('only one platform of the index is here') },
    ]);
    expect(target.hasBlob('team/app', other.layers[1]!.descriptor.digest)).toBe(false);
  });

  test('streams a blob that is here in another compression from where it was pulled', async () => {
    await using registry = await startMemoryRegistry();
    await using target = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    const engine = sandbox.engine();
    // The tar is here plain, by an import; the pull then brings no layer.
    await engine.import({ from: sourceOf([own.layers[0]!.tar]), ref: nameAt(registry, 'plain:1') });
    await engine.import({ from: sourceOf([own.layers[1]!.tar]), ref: nameAt(registry, 'plain:2') });
    const { digest } = serveImage(registry, 'team/app', '1', own);
    await engine.pull({ ref: nameAt(registry, 'team/app:1') });
    for (const { descriptor } of own.layers) expect(registry.bytesSentOf(descriptor.digest)).toBe(0);
    const ref = nameAt(target, 'team/app:1');
    await engine.tag({ source: familiarName(nameAt(registry, 'team/app:1')), target: ref });
    expect((await engine.push({ ref })).target.digest).toBe(digest);
    for (const { descriptor } of own.layers)
      expect(target.blob(descriptor.digest)).toEqual(Buffer.from(own.blobs.get(descriptor.digest)!));
  });

  test('says which of name and tag is unknown, as Docker does', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    serveImage(registry, 'team/app', '1', own);
    const engine = sandbox.engine();
    await engine.pull({ ref: nameAt(registry, 'team/app:1') });
    await expect(engine.push({ ref: nameAt(registry, 'team/app:9') })).rejects.toMatchObject({
      code: 'TAG_UNKNOWN',
      message: `tag does not exist: ${registry.host}/team/app:9`,
    });
    const unknown = {
      code: 'TAG_UNKNOWN',
      message: `An image does not exist locally with the tag: ${registry.host}/team/nosuch`,
    };
    await expect(engine.push({ ref: nameAt(registry, 'team/nosuch:1') })).rejects.toMatchObject(unknown);
    const repository = nameAt(registry, 'team/nosuch');
    await expect(engine.pushAllTags({ repository })).rejects.toMatchObject(unknown);
  });

  test('sends every tag, and what tags share once', async () => {
    await using registry = await startMemoryRegistry();
    await using target = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    serveImage(registry, 'team/app', '1', own);
    serveImage(registry, 'team/app', '2', sibling);
    const engine = sandbox.engine();
    await engine.pullAllTags({ ref: nameAt(registry, 'team/app') });
    for (const tag of ['1', '2'])
      await engine.tag({
        source: familiarName(nameAt(registry, `team/app:${tag}`)),
        target: nameAt(target, `all/app:${tag}`),
      });
    const results = await engine.pushAllTags({ repository: nameAt(target, 'all/app') });
    expect(results.map(({ ref }) => ref.tag)).toEqual(['1', '2']);
    const shared = own.layers[0]!.descriptor;
    const uploads = target.requests.filter(
      ({ method, query }) => method === 'PUT' && decodeURIComponent(query).includes(shared.digest),
    );
    expect(uploads).toHaveLength(1);
  });

  test('stops when it is cancelled', async () => {
    await using registry = await startMemoryRegistry();
    await using target = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    serveImage(registry, 'team/app', '1', own);
    const engine = sandbox.engine();
    await engine.pull({ ref: nameAt(registry, 'team/app:1') });
    const ref = nameAt(target, 'team/app:1');
    await engine.tag({ source: familiarName(nameAt(registry, 'team/app:1')), target: ref });
    await expect(engine.push({ ref }, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    expect(target.manifest('team/app', '1')).toBeUndefined();
  });
});

describe('the first push of an image that was imported or loaded', () => {
  test('makes gzip layers once, drops the plain ones and leaves the image ID', async () => {
    await using registry = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    const engine = sandbox.engine();
    const ref = nameAt(registry, 'team/plain:1');
    const { id } = await engine.import({ from: sourceOf([tar]), ref });
    const alias = nameAt(registry, 'team/alias:1');
    await engine.tag({ source: id, target: alias });
    const seen = recorder();
    const { target } = await engine.push({ ref }, seen);
    expect(seen.phases().some((phase) => phase.startsWith('compressing'))).toBe(true);
    expect((await engine.images())[0]).toMatchObject({ id });
    expect(sandbox.files('blobs')).toHaveLength(3);
    expect(sandbox.files('blobs')).not.toContain(`blobs/sha256/${digestOfBytes(tar).slice(7)}`);
    expect((await engine.check()).faults).toEqual([]);
    const before = registry.requests.length;
    const again = recorder();
    expect((await engine.push({ ref }, again)).target.digest).toBe(target.digest);
    expect(requestsOf(registry, before).filter((request) => /upload/.test(request))).toEqual([]);
    expect(again.phases().some((phase) => phase.startsWith('compressing'))).toBe(false);
    // The other name of the image has the same manifest.
    expect((await engine.push({ ref: alias })).target.digest).toBe(target.digest);
    await using second = new EngineSandbox();
    expect((await second.engine().pull({ ref })).imageId).toBe(id);
  });

  test('does not change a plain image that a registry has', async () => {
    await using registry = await startMemoryRegistry();
    await using target = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    const plain = makeImageFixture({ platform: HOST, uncompressed: true });
    const { digest } = serveImage(registry, 'team/app', '1', plain);
    const engine = sandbox.engine();
    await engine.pull({ ref: nameAt(registry, 'team/app:1') });
    const ref = nameAt(target, 'team/app:1');
    await engine.tag({ source: familiarName(nameAt(registry, 'team/app:1')), target: ref });
    expect((await engine.push({ ref })).target.digest).toBe(digest);
  });

  test('leaves nothing half done when the registry refuses', async () => {
    await using registry = await startMemoryRegistry({
      faults: [{ on: 'PUT manifest', times: 1, status: 403 }],
    });
    await using sandbox = new EngineSandbox();
    const engine = sandbox.engine();
    const ref = nameAt(registry, 'team/plain:1');
    const { id } = await engine.import({ from: sourceOf([tar]), ref });
    await expect(engine.push({ ref })).rejects.toMatchObject({ kind: 'denied' });
    expect((await engine.check()).faults).toEqual([]);
    await engine.push({ ref });
    expect((await engine.images())[0]?.id).toBe(id);
    expect(sandbox.files('blobs')).toHaveLength(3);
  });
});
