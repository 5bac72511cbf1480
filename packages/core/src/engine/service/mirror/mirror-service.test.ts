import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { NodeHasher } from '../../../bytes/node-hasher.ts';
import { FsBlobStore } from '../../../content/fs-blob-store.ts';
import type { Digest } from '../../../digest.ts';
import { SqliteMetadataStore } from '../../../metadata/sqlite-metadata-store.ts';
import type { Descriptor } from '../../../oci/descriptor.ts';
import { instantClient } from '../../../testing/instant-client.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../../../testing/memory-registry.ts';
import type { OpenBlob } from './blobs.ts';
import { Eviction } from './eviction.ts';
import { createMirrorService, type MirrorService } from './mirror-service.ts';
import { Upstream } from './upstream.ts';

const MIB = 1 << 20;
const TTL_MS = 300_000;
const HOUR_MS = 3_600_000;

let root: string;
let now: number;
let registry: MemoryRegistry;
let other: MemoryRegistry;
let metadata: SqliteMetadataStore;
let blobs: FsBlobStore;
let mirror: MirrorService;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'wherry-mirror-'));
  now = Date.UTC(2026, 0, 1);
  registry = await startMemoryRegistry();
  other = await startMemoryRegistry();
  mirror = open();
});
afterEach(async () => {
  await mirror.close();
  await registry[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
  await rm(root, { recursive: true, force: true });
});

interface Limits {
  readonly maxBytes?: number;
  readonly pins?: readonly string[];
  readonly upstreamHosts?: readonly string[];
}

/** What a fresh process would have: nothing is shared with the service before but the directory. */
function open({ upstreamHosts = [registry.host, other.host], ...limits }: Limits = {}): MirrorService {
  const clock = { now: () => new Date(now), sleep: async () => {} };
  metadata = SqliteMetadataStore.open(root, { clock });
  const opened = metadata;
  blobs = new FsBlobStore(root, { createHasher: () => new NodeHasher() });
  const upstreams = upstreamHosts.map((host) => new Upstream(host, instantClient(), clock));
  const sweep = async (candidates: readonly Digest[]) =>
    opened.sweep((digest) => blobs.deleteSync(digest), candidates);
  return createMirrorService({
    blobs,
    pathOf: (digest) => blobs.pathOf(digest),
    cache: metadata.mirror,
    upstreams,
    eviction: new Eviction({ cache: metadata.mirror, sweep, pins: [], ...limits }),
    clock,
    tagTtlMs: TTL_MS,
    revalidationMs: 500,
    close: async () => {
      for (const { client } of upstreams) await client.close();
      opened.close();
    },
  });
}

async function restart(limits?: Limits): Promise<void> {
  await mirror.close();
  mirror = open(limits);
}

interface Image {
  readonly manifest: Descriptor;
  readonly config: Descriptor;
  readonly layer: Descriptor;
  readonly bytes: Uint8Array;
}

function addImage(to: MemoryRegistry, repository: string, tag: string, bytes = randomBytes(100)): Image {
  const config = to.addBlob(
    repository,
    Buffer.from(`{"tag":"${tag}"}`),
    'application/vnd.oci.image.config.v1+json',
  );
  const layer = to.addBlob(repository, bytes, 'application/vnd.oci.image.layer.v1.tar');
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = to.addManifest(repository, tag, { schemaVersion: 2, mediaType, config, layers: [layer] });
  return { manifest, config, layer, bytes };
}

const of = (repository = 'team/app', at = registry) => ({ upstream: at.host, repository });

/** What a blob sends, or a part of it. */
async function bytesOf(
  blob: OpenBlob | undefined,
  range = { start: 0, end: blob?.size ?? 0 },
): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  await blob?.send(range, async (chunk) => void chunks.push(Buffer.from(chunk)));
  return Buffer.concat(chunks);
}

async function get(digest: Digest, from = of()): Promise<Buffer | undefined> {
  const blob = await mirror.openBlob(from, digest);
  return blob && bytesOf(blob);
}

function asked(kind: string, method = 'GET', at = registry): number {
  return at.requests.filter((request) => request.kind === kind && request.method === method).length;
}

function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}

describe('manifests', () => {
  test('are fetched once, kept over a restart, and not asked for again while they are fresh', async () => {
    const { manifest } = addImage(registry, 'team/app', 'v1');
    const found = await mirror.findManifest(of(), 'v1');
    expect(found).toEqual({ descriptor: manifest });
    expect(Buffer.from(await mirror.readManifest(manifest))).toEqual(registry.manifest('team/app', 'v1'));
    await restart();
    now += TTL_MS - 1;
    expect(await mirror.findManifest(of(), 'v1')).toEqual({ descriptor: manifest });
    expect(await mirror.findManifest(of(), manifest.digest)).toEqual({ descriptor: manifest });
    expect([asked('manifest'), asked('manifest', 'HEAD')]).toEqual([1, 0]);
  });

  test('are asked for by HEAD after a while, and fetched when the tag has moved', async () => {
    const { manifest } = addImage(registry, 'team/app', 'v1');
    await mirror.findManifest(of(), 'v1');
    now += TTL_MS;
    expect(await mirror.findManifest(of(), 'v1')).toEqual({ descriptor: manifest });
    expect([asked('manifest'), asked('manifest', 'HEAD')]).toEqual([1, 1]);
    const moved = addImage(registry, 'team/app', 'v1').manifest;
    expect(await mirror.findManifest(of(), 'v1')).toEqual({ descriptor: manifest });
    now += TTL_MS;
    expect(await mirror.findManifest(of(), 'v1')).toEqual({ descriptor: moved });
    expect([asked('manifest'), asked('manifest', 'HEAD')]).toEqual([2, 2]);
  });

  test('that are gone upstream are gone, by tag', async () => {
    const { manifest } = addImage(registry, 'team/app', 'v1');
    await mirror.findManifest(of(), 'v1');
    now += TTL_MS;
    registry.addFault({ on: 'HEAD manifest', status: 404 });
    expect(await mirror.findManifest(of(), 'v1')).toBeUndefined();
    expect(await mirror.findManifest(of(), manifest.digest)).toEqual({ descriptor: manifest });
    expect(await mirror.findManifest(of(), 'v2')).toBeUndefined();
    expect(await mirror.findManifest(of('team/none'), 'v1')).toBeUndefined();
  });

  test.each([
    { name: 'limits', fault: { status: 429, times: 9 } },
    { name: 'fails', fault: { status: 503, times: 9 } },
    { name: 'is overloaded', fault: { status: 504, times: 9 } },
  ])('are served from before when the upstream $name, and say how old they are', async ({ fault }) => {
    const { manifest } = addImage(registry, 'team/app', 'v1');
    await mirror.findManifest(of(), 'v1');
    now += HOUR_MS;
    registry.addFault({ on: 'HEAD manifest', ...fault });
    const stale = await mirror.findManifest(of(), 'v1');
    expect(stale).toMatchObject({ descriptor: manifest, staleness: { ageMs: HOUR_MS } });
    expect(stale?.staleness?.error?.message).toContain(`upstream ${registry.host}: `);
    const before = asked('manifest', 'HEAD');
    // It is left alone for a while.
    expect((await mirror.findManifest(of(), 'v1'))?.staleness).toEqual({ ageMs: HOUR_MS });
    expect(asked('manifest', 'HEAD')).toBe(before);
  });

  test('are served from before when nobody listens', async () => {
    const { manifest } = addImage(registry, 'team/app', 'v1');
    await mirror.findManifest(of(), 'v1');
    await registry[Symbol.asyncDispose]();
    now += HOUR_MS;
    expect(await mirror.findManifest(of(), 'v1')).toMatchObject({
      descriptor: manifest,
      staleness: { ageMs: HOUR_MS, error: { code: 'UNREACHABLE' } },
    });
    await expect(mirror.findManifest(of(), 'v2')).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });

  test('are served from before when the upstream does not answer in time', async () => {
    const { manifest } = addImage(registry, 'team/app', 'v1');
    let isSilent = false;
    const gate = createServer((request, response) => {
      if (isSilent) return;
      fetch(`http://${registry.host}${request.url}`, { method: request.method ?? 'GET' }).then(
        async (answer) => {
          response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.bytes());
        },
      );
    });
    await once(gate.listen(0, '127.0.0.1'), 'listening');
    const upstream = `127.0.0.1:${(gate.address() as AddressInfo).port}`;
    await restart({ upstreamHosts: [upstream] });
    const silent = { upstream, repository: 'team/app' };
    expect(await mirror.findManifest(silent, 'v1')).toEqual({ descriptor: manifest });
    [isSilent, now] = [true, now + HOUR_MS];
    expect(await mirror.findManifest(silent, 'v1')).toMatchObject({
      descriptor: manifest,
      staleness: { ageMs: HOUR_MS, error: { message: `upstream ${upstream}: no answer in time` } },
    });
    gate.closeAllConnections();
    gate.close();
  });

  test('are not served from before when the upstream refuses', async () => {
    addImage(registry, 'team/app', 'v1');
    await mirror.findManifest(of(), 'v1');
    now += TTL_MS;
    registry.addFault({ on: 'HEAD manifest', status: 403 });
    await expect(mirror.findManifest(of(), 'v1')).rejects.toMatchObject({ code: 'DENIED' });
  });

  test('are asked for once however many want them', async () => {
    addImage(registry, 'team/app', 'v1');
    const found = await Promise.all(Array.from({ length: 8 }, () => mirror.findManifest(of(), 'v1')));
    expect(new Set(found.map((one) => one?.descriptor.digest)).size).toBe(1);
    expect(asked('manifest')).toBe(1);
  });

  test.each([
    { name: 'other bytes', fault: { corrupt: true } },
    { name: 'a page', fault: { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>' } },
  ])('are not stored when the upstream sends $name', async ({ fault }) => {
    const { manifest } = addImage(registry, 'team/app', 'v1');
    registry.addFault({ on: 'GET manifest', ...fault });
    const finding = mirror.findManifest(of(), manifest.digest);
    await expect(finding).rejects.toMatchObject({ code: 'REGISTRY_ERROR' });
    expect(await blobs.stat(manifest.digest)).toBeUndefined();
    expect(metadata.reachable()).toEqual(new Set());
  });
});

describe('blobs', () => {
  test('are fetched once, kept, and held from the sweep', async () => {
    const { layer, bytes } = addImage(registry, 'team/app', 'v1', randomBytes(3 * MIB));
    await mirror.findManifest(of(), 'v1');
    expect(await mirror.findBlob(of(), layer.digest)).toEqual({ digest: layer.digest, size: layer.size });
    expect(asked('blob')).toBe(0);
    expect((await get(layer.digest))?.equals(bytes)).toBe(true);
    await restart();
    expect((await get(layer.digest))?.equals(bytes)).toBe(true);
    expect(asked('blob')).toBe(1);
    expect(metadata.sweep(() => true, [layer.digest])).toEqual([]);
  });

  test('are found without a manifest, and only where the upstream has them', async () => {
    const { layer, bytes } = addImage(registry, 'team/app', 'v1');
    expect(await get(layer.digest)).toEqual(bytes);
    expect(await mirror.findBlob(of('team/other'), layer.digest)).toBeUndefined();
    expect(await get(layer.digest, of('team/other'))).toBeUndefined();
    expect(await get(digestOf(Buffer.from('none')))).toBeUndefined();
  });

  test('of one upstream are not shown by another that merely names them', async () => {
    const { layer } = addImage(registry, 'team/app', 'v1');
    await get(layer.digest);
    other.addManifest('team/thief', 'v1', {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: layer,
      layers: [layer],
    });
    const thief = of('team/thief', other);
    await mirror.findManifest(thief, 'v1');
    expect(await get(layer.digest, thief)).toBeUndefined();
  });

  test('of one upstream are not fetched again for another of its repositories', async () => {
    const bytes = randomBytes(MIB);
    const { layer } = addImage(registry, 'team/app', 'v1', bytes);
    addImage(registry, 'team/twin', 'v1', bytes);
    await get(layer.digest);
    expect(await get(layer.digest, of('team/twin'))).toEqual(bytes);
    expect(registry.bytesSentOf(layer.digest)).toBe(bytes.length);
  });

  test('are followed by other repositories of the upstream that have them, and by no others', async () => {
    const bytes = randomBytes(8 * MIB);
    const { layer } = addImage(registry, 'team/app', 'v1', bytes);
    addImage(registry, 'team/twin', 'v1', bytes);
    const opened = await Promise.all(
      ['team/app', 'team/twin', 'team/stranger'].map((name) => mirror.openBlob(of(name), layer.digest)),
    );
    expect(opened[2]).toBeUndefined();
    for (const blob of opened.slice(0, 2)) expect((await bytesOf(blob)).equals(bytes)).toBe(true);
    expect(registry.bytesSentOf(layer.digest)).toBe(bytes.length);
    await expect.poll(() => metadata.mirror.findLink(of('team/twin'), layer.digest)?.isHeld).toBe(true);
    expect(metadata.mirror.findLink(of('team/stranger'), layer.digest)).toBeUndefined();
  });

  test('that came in part for one repository are not shown in another', async () => {
    const { layer } = addImage(registry, 'team/app', 'v1', randomBytes(4 * MIB));
    registry.addFault({ on: 'GET blob', resetAfterBytes: 2 * MIB });
    registry.addFault({ on: 'GET blob', status: 404 });
    await expect(get(layer.digest)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
    const config = registry.addBlob('team/thief', Buffer.from('{}'));
    const document = { schemaVersion: 2, config, layers: [layer] };
    registry.addManifest('team/thief', 'v1', document);
    await mirror.findManifest(of('team/thief'), 'v1');
    expect(await get(layer.digest, of('team/thief'))).toBeUndefined();
  });

  test('that two upstreams have are fetched from both', async () => {
    const bytes = randomBytes(MIB);
    const { layer } = addImage(registry, 'team/app', 'v1', bytes);
    addImage(other, 'team/app', 'v1', bytes);
    await get(layer.digest);
    expect(await get(layer.digest, of('team/app', other))).toEqual(bytes);
    expect([asked('blob'), asked('blob', 'GET', other)]).toEqual([1, 1]);
  });

  test('stream to all who ask while one fetch runs, and one who leaves stops nobody', async () => {
    const { layer, bytes } = addImage(registry, 'team/app', 'v1', randomBytes(8 * MIB));
    await mirror.findManifest(of(), 'v1');
    const opened = await Promise.all(Array.from({ length: 8 }, () => mirror.openBlob(of(), layer.digest)));
    const [first, ...others] = opened;
    const leave = async () => {
      throw new Error('gone');
    };
    await expect(first?.send({ start: 0, end: bytes.length }, leave)).rejects.toThrow('gone');
    for (const got of await Promise.all(others.map((blob) => bytesOf(blob))))
      expect(got.equals(bytes)).toBe(true);
    const blob = await mirror.openBlob(of(), layer.digest);
    const part = await bytesOf(blob, { start: 10, end: 2 * MIB });
    expect(part.equals(bytes.subarray(10, 2 * MIB))).toBe(true);
    expect(registry.bytesSentOf(layer.digest)).toBe(bytes.length);
  });

  test('go on where a broken transfer stopped', async () => {
    const { layer, bytes } = addImage(registry, 'team/app', 'v1', randomBytes(4 * MIB));
    await mirror.findManifest(of(), 'v1');
    registry.addFault({ on: 'GET blob', resetAfterBytes: MIB });
    expect((await get(layer.digest))?.equals(bytes)).toBe(true);
  });

  test('go on in the next process where the last one stopped', async () => {
    const { layer, bytes } = addImage(registry, 'team/app', 'v1', randomBytes(4 * MIB));
    await mirror.findManifest(of(), 'v1');
    registry.addFault({ on: 'GET blob', resetAfterBytes: MIB });
    registry.addFault({ on: 'GET blob', status: 404 });
    await expect(get(layer.digest)).rejects.toMatchObject({ code: 'BLOB_UNKNOWN' });
    await restart();
    expect((await get(layer.digest))?.equals(bytes)).toBe(true);
    expect(registry.requests.at(-1)?.headers.range).toMatch(/^bytes=[1-9]\d*-$/);
    // What was on its way when the connection broke is sent again.
    expect(registry.bytesSentOf(layer.digest)).toBeLessThan(bytes.length + MIB);
  });

  test.each([
    { name: 'other bytes', fault: { corrupt: true } },
    { name: 'too many bytes', fault: { extraBytes: 1000 } },
    { name: 'a page', fault: { status: 200, body: '<html>no such thing</html>' } },
  ])('are never seen complete nor kept when the upstream sends $name', async ({ fault }) => {
    const { layer } = addImage(registry, 'team/app', 'v1', randomBytes(2 * MIB));
    await mirror.findManifest(of(), 'v1');
    registry.addFault({ on: 'GET blob', ...fault });
    let seen = 0;
    const reading = (async () => {
      const blob = await mirror.openBlob(of(), layer.digest);
      await blob?.send({ start: 0, end: layer.size }, async (chunk) => {
        seen += chunk.length;
      });
    })();
    await expect(reading).rejects.toMatchObject({ code: 'REGISTRY_ERROR' });
    expect(seen).toBeLessThan(layer.size);
    expect(await blobs.stat(layer.digest)).toBeUndefined();
    expect(metadata.reachable()).not.toContain(layer.digest);
  });

  test('are fetched again when the file is gone', async () => {
    const { layer, bytes } = addImage(registry, 'team/app', 'v1');
    await get(layer.digest);
    blobs.deleteSync(layer.digest);
    expect(await get(layer.digest)).toEqual(bytes);
  });

  test('of no bytes are blobs too', async () => {
    const empty = registry.addBlob('team/app', new Uint8Array());
    expect(await get(empty.digest)).toEqual(Buffer.alloc(0));
  });
});

describe('the limit', () => {
  test('sends away what was not asked for the longest time, pins aside', async () => {
    await restart({ maxBytes: 3 * MIB, pins: [`${registry.host}/pinned/*`] });
    const images = ['pinned/a', 'team/b', 'team/c', 'team/d'].map((repository) => ({
      repository,
      digest: addImage(registry, repository, 'v1', randomBytes(MIB)).layer.digest,
    }));
    for (const { repository, digest } of images) {
      now += HOUR_MS;
      await get(digest, of(repository));
    }
    await expect.poll(() => presence(images)).toEqual([true, false, true, true]);
    expect(metadata.mirror.bytes()).toBeLessThanOrEqual(3 * MIB);
    now += HOUR_MS;
    await get(images[1]?.digest as Digest, of('team/b'));
    await expect.poll(() => presence(images)).toEqual([true, true, false, true]);
  });

  test('lets a blob through that alone is larger, without keeping it', async () => {
    await restart({ maxBytes: MIB });
    const small = addImage(registry, 'team/small', 'v1').layer;
    const { layer, bytes } = addImage(registry, 'team/large', 'v1', randomBytes(2 * MIB));
    await get(small.digest, of('team/small'));
    await expect.poll(() => blobs.stat(small.digest)).toBeDefined();
    expect((await get(layer.digest, of('team/large')))?.equals(bytes)).toBe(true);
    await expect.poll(() => metadata.mirror.findLink(of('team/large'), layer.digest)?.isHeld).toBe(false);
    await expect.poll(() => blobs.stat(layer.digest)).toBeUndefined();
    expect(await blobs.stat(small.digest)).toBeDefined();
  });

  test('does not take a blob from under whoever is about to read it', async () => {
    const { layer, bytes } = addImage(registry, 'team/app', 'v1');
    await get(layer.digest);
    await expect.poll(() => metadata.mirror.findLink(of(), layer.digest)?.isHeld).toBe(true);
    const blob = await mirror.openBlob(of(), layer.digest);
    metadata.mirror.release(layer.digest);
    metadata.sweep((digest) => blobs.deleteSync(digest), [layer.digest]);
    expect(await bytesOf(blob)).toEqual(bytes);
    expect(asked('blob')).toBe(2);
  });

  test('spares what the store has for other reasons', async () => {
    await restart({ maxBytes: 10 });
    const { layer } = addImage(registry, 'team/app', 'v1');
    metadata.touch(layer.digest);
    await get(layer.digest);
    await expect.poll(() => metadata.mirror.bytes()).toBe(0);
    expect(await blobs.stat(layer.digest)).toBeDefined();
  });

  async function presence(images: readonly { readonly digest: Digest }[]): Promise<boolean[]> {
    return Promise.all(images.map(async ({ digest }) => (await blobs.stat(digest)) !== undefined));
  }
});

describe('lists of tags', () => {
  test('come from the upstream, and from the cache while it is away', async () => {
    for (const tag of ['v2', 'v1']) addImage(registry, 'team/app', tag);
    expect(await mirror.listTags(of())).toEqual({ tags: ['v1', 'v2'], isPartial: false });
    await mirror.findManifest(of(), 'v1');
    await registry[Symbol.asyncDispose]();
    expect(await mirror.listTags(of())).toEqual({ tags: ['v1'], isPartial: true });
    await expect(mirror.listTags(of('team/none'))).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });
});
