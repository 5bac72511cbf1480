import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Digest } from '../digest.ts';
import { LayerPassPool } from '../layer/pass-pool.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { MEDIA_TYPES } from '../oci/media-types.ts';
import { parsePlatform } from '../platform.ts';
import {
  EngineSandbox,
  nameAt,
  recorder,
  requestsOf,
  serveDocument,
  serveImage,
} from '../testing/engine-sandbox.ts';
import { type ImageFixture, makeImageFixture, makeIndexFixture } from '../testing/image-fixtures.ts';
import { instantClient } from '../testing/instant-client.ts';
import {
  type MemoryRegistry,
  type MemoryRegistryOptions,
  startMemoryRegistry,
} from '../testing/memory-registry.ts';
import { type CopyRequest, copy } from './copy.ts';
import { parseCopyPlace } from './remote/copy-place.ts';

const AMD64 = { os: 'linux', architecture: 'amd64' };
const ARM64 = { os: 'linux', architecture: 'arm64' };
const S390X = { os: 'linux', architecture: 's390x' };
/** From the middle of a layer of `noise` on. */
const RESUMED = expect.stringMatching(/^bytes=1\d{6}-$/);
const EMPTY = { mediaType: MEDIA_TYPES.ociEmpty, digest: sha256(Buffer.from('{}')), size: 2 };

function sha256(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}

/** Large enough that a layer comes in several chunks and goes in a request of its own. */
function noise(seed: string): string {
  let text = '';
  for (let i = 0; text.length < 3_000_000; i++)
    text += createHash('sha256').update(`${seed}${i}`).digest('base64');
  return text;
}

/** A registry with an index of three platforms, one of which BuildKit attests to, under `app:1`. */
async function serveIndex(options: MemoryRegistryOptions = {}) {
  const registry = await startMemoryRegistry(options);
  const images = [AMD64, ARM64, S390X].map((platform) => ({
    platform,
    fixture: makeImageFixture({ platform, layers: [{ base: 'same' }, { arch: platform.architecture }] }),
  }));
  for (const { fixture } of images) serveImage(registry, 'app', '', fixture);
  const statement = registry.addBlob('app', Buffer.from('{"statement":1}'), 'application/vnd.in-toto+json');
  const attested = images[0]!.fixture.image.manifest.descriptor.digest;
  registry.addBlob('app', Buffer.from('{}'));
  const attestation: Descriptor = {
    ...registry.addManifest('app', '', {
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociManifest,
      config: EMPTY,
      layers: [statement],
    }),
    annotations: {
      'vnd.docker.reference.type': 'attestation-manifest',
      'vnd.docker.reference.digest': attested,
    },
    platform: { os: 'unknown', architecture: 'unknown' },
  };
  const index = makeIndexFixture(images, [attestation]);
  serveDocument(registry, 'app', '1', index);
  return { registry, images, attestation, index };
}

/** Copies with a client that waits for nothing. */
async function copied(
  request: CopyRequest,
  { signal, jobs = 3 }: { readonly signal?: AbortSignal | undefined; readonly jobs?: number } = {},
) {
  await using client = instantClient();
  const { events, onProgress, phases } = recorder();
  const deps = { registry: client, host: AMD64, jobs, loadPasses };
  const result = await copy(deps, request, { onProgress, ...(signal && { signal }) });
  return { ...result, events, phases: phases() };
}

const pool = new LayerPassPool();
afterAll(() => pool.close());

async function loadPasses() {
  return () => pool;
}

function at(registry: MemoryRegistry, rest: string) {
  return { kind: 'registry', ref: nameAt(registry, rest) } as const;
}

function expectImage(registry: MemoryRegistry, repository: string, { image, layers }: ImageFixture): void {
  expect(registry.manifest(repository, image.manifest.descriptor.digest)).toEqual(
    Buffer.from(image.manifest.bytes),
  );
  for (const { digest } of [image.config.descriptor, ...layers.map(({ descriptor }) => descriptor)])
    expect(registry.hasBlob(repository, digest)).toBe(true);
}

describe('copy between registries', () => {
  test('brings all that the name points at, byte for byte', async () => {
    const { registry, images, index, attestation } = await serveIndex();
    await using source = registry;
    await using target = await startMemoryRegistry();
    const { descriptor } = await copied({ source: at(source, 'app:1'), target: at(target, 'team/app:2') });
    expect(descriptor.digest).toBe(index.descriptor.digest);
    expect(target.manifest('team/app', '2')).toEqual(Buffer.from(index.bytes));
    for (const { fixture } of images) expectImage(target, 'team/app', fixture);
    expect(target.manifest('team/app', attestation.digest)).toBeDefined();
    expect(target.requests.at(-1)).toMatchObject({ method: 'PUT', path: '/v2/team/app/manifests/2' });
    // What the platforms share is fetched once.
    expect(source.bytesSentOf(images[0]!.fixture.layers[0]!.descriptor.digest)).toBe(
      images[0]!.fixture.layers[0]!.descriptor.size,
    );
  });

  test('sends nothing that is there, and says so', async () => {
    const fixture = makeImageFixture({ layers: [{ a: '1' }, { b: '2' }] });
    await using source = await startMemoryRegistry();
    await using target = await startMemoryRegistry();
    serveImage(source, 'app', '1', fixture);
    target.addBlob('app', fixture.blobs.get(fixture.layers[0]!.descriptor.digest)!);
    const { phases } = await copied({ source: at(source, 'app:1'), target: at(target, 'app:1') });
    const [first, second] = fixture.layers.map(({ descriptor }) => descriptor.digest.slice(7, 13));
    expect(phases.slice(0, 2)).toEqual([`waiting ${first}`, `waiting ${second}`]);
    expect(new Set(phases.slice(2))).toEqual(
      new Set([`exists ${first}`, `pushing ${second}`, `pushed ${second}`]),
    );
    const before = target.requests.length;
    await copied({ source: at(source, 'app:1'), target: at(target, 'app:1') });
    expect(new Set(requestsOf(target, before))).toEqual(new Set(['HEAD blob', 'PUT manifest']));
  });

  test('mounts within one registry, and in one repository writes the tag alone', async () => {
    const { registry, images, index } = await serveIndex();
    await using _ = registry;
    const { phases } = await copied({ source: at(registry, 'app:1'), target: at(registry, 'other:1') });
    expect(phases.filter((phase) => phase.startsWith('mounted'))).toHaveLength(5);
    for (const { fixture } of images) expectImage(registry, 'other', fixture);
    expect(requestsOf(registry)).not.toContain('GET blob');
    const before = registry.requests.length;
    await copied({ source: at(registry, 'app:1'), target: at(registry, 'app:2') });
    expect(requestsOf(registry, before)).toEqual(['GET manifest', 'PUT manifest']);
    expect(registry.manifest('app', '2')).toEqual(Buffer.from(index.bytes));
  });

  test('leaves foreign layers where they are', async () => {
    await using source = await startMemoryRegistry();
    await using target = await startMemoryRegistry();
    const config = source.addBlob('app', Buffer.from('{}'), MEDIA_TYPES.ociConfig);
    const layer = { mediaType: MEDIA_TYPES.dockerForeignLayer, digest: `sha256:${'1'.repeat(64)}`, size: 9 };
    const root = source.addManifest('app', '1', { schemaVersion: 2, config, layers: [layer] });
    const { descriptor } = await copied({ source: at(source, 'app:1'), target: at(target, 'app:1') });
    expect(descriptor.digest).toBe(root.digest);
  });

  test('refuses a target digest that the source has not got', async () => {
    await using source = await startMemoryRegistry();
    serveImage(source, 'app', '1', makeImageFixture());
    const ref = { ...nameAt(source, 'b'), digest: EMPTY.digest };
    await expect(
      copied({ source: at(source, 'app:1'), target: { kind: 'registry', ref } }),
    ).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(requestsOf(source)).not.toContain('PUT manifest');
  });
});

describe('copy of some platforms', () => {
  test('of one is its manifest', async () => {
    const { registry, images } = await serveIndex();
    await using source = registry;
    await using target = await startMemoryRegistry();
    const platforms = [parsePlatform('linux/arm64', AMD64)];
    const { descriptor } = await copied({
      source: at(source, 'app:1'),
      target: at(target, 'app:1'),
      platforms,
    });
    expect(descriptor.digest).toBe(images[1]!.fixture.image.manifest.descriptor.digest);
    expectImage(target, 'app', images[1]!.fixture);
    expect(
      target.requests.filter(({ method, kind }) => method === 'PUT' && kind === 'manifest'),
    ).toHaveLength(1);
  });

  test('of several is an index of them, and of what attests to them', async () => {
    const { registry, images, attestation, index } = await serveIndex();
    await using source = registry;
    await using target = await startMemoryRegistry();
    await copied({ source: at(source, 'app:1'), target: at(target, 'app:1'), platforms: [AMD64, S390X] });
    const document = JSON.parse(Buffer.from(target.manifest('app', '1')!).toString());
    const original = JSON.parse(Buffer.from(index.bytes).toString());
    expect(document).toEqual({ ...original, manifests: [0, 2, 3].map((at) => original.manifests[at]) });
    expect(target.manifest('app', attestation.digest)).toBeDefined();
    expect(target.manifest('app', images[1]!.fixture.image.manifest.descriptor.digest)).toBeUndefined();
  });

  test('of all is the index as it was', async () => {
    const { registry, index } = await serveIndex();
    await using source = registry;
    const platforms = [AMD64, ARM64, S390X];
    const { descriptor } = await copied({
      source: at(source, 'app:1'),
      target: at(source, 'app:2'),
      platforms,
    });
    expect(descriptor.digest).toBe(index.descriptor.digest);
  });

  test.each([
    { name: 'an index', of: 'app:1', hint: 'the image is there for linux/amd64, linux/arm64, linux/s390x' },
    { name: 'one image', of: 'one:1', hint: '' },
  ])('says what there is, where $name has no such platform', async ({ of, hint }) => {
    const { registry } = await serveIndex();
    await using source = registry;
    serveImage(source, 'one', '1', makeImageFixture());
    const platforms = [{ os: 'linux', architecture: 'riscv64' }];
    const failed = copied({ source: at(source, of), target: at(source, 'b:1'), platforms });
    await expect(failed).rejects.toMatchObject({ code: 'PLATFORM_UNKNOWN' });
    await expect(failed).rejects.toSatisfy((error: { hint?: string }) => (error.hint ?? '').startsWith(hint));
    expect(source.manifest('b', '1')).toBeUndefined();
  });
});

describe('copy of referrers', () => {
  /** Signs in every way that there is; returns what must have come along. */
  async function sign(registry: MemoryRegistry, subject: Descriptor, name: string) {
    await using client = instantClient();
    const repo = nameAt(registry, 'app');
    const layer = registry.addBlob('app', Buffer.from(`signature of ${name}`), 'text/signature');
    registry.addBlob('app', Buffer.from('{}'));
    const signature = {
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociManifest,
      artifactType: 'a/sig',
      config: EMPTY,
      layers: [layer],
    };
    const { mediaType, digest, size } = subject;
    const put = (document: object) =>
      client.putReferrer(repo, Buffer.from(JSON.stringify(document)), MEDIA_TYPES.ociManifest);
    const first = await put({ ...signature, subject: { mediaType, digest, size } });
    const second = await put({ ...signature, artifactType: 'a/countersignature', subject: first });
    const tag = `${digest.replace(':', '-')}.sig`;
    registry.addManifest('app', tag, { ...signature, artifactType: 'cosign', annotations: { name } });
    return { first, second, tag };
  }

  test.each([
    { name: 'both registries list them', source: { referrersPerPage: 1 }, target: { referrersPerPage: 9 } },
    { name: 'the source does not list them', source: {}, target: { referrersPerPage: 9 } },
    { name: 'the target does not list them', source: { referrersPerPage: 1 }, target: {} },
    { name: 'neither lists them', source: {}, target: {} },
  ])('brings those of the index and of each manifest where $name', async (options) => {
    const { registry, images, index } = await serveIndex(options.source);
    await using source = registry;
    await using target = await startMemoryRegistry(options.target);
    await using client = instantClient();
    const subjects = [index.descriptor, images[1]!.fixture.image.manifest.descriptor];
    const signed = [];
    for (const subject of subjects) signed.push(await sign(source, subject, subject.digest));
    await copied({ source: at(source, 'app:1'), target: at(target, 'app:1'), referrers: true });
    // The name comes last: who finds the image finds its signatures.
    expect(target.requests.at(-1)).toMatchObject({ method: 'PUT', path: '/v2/app/manifests/1' });
    for (const [i, subject] of subjects.entries()) {
      const { first, second, tag } = signed[i]!;
      const repo = nameAt(target, 'app');
      const listed = await client.listReferrers(repo, subject.digest);
      expect(listed).toMatchObject([{ digest: first.digest, artifactType: 'a/sig' }]);
      expect(await client.listReferrers(repo, first.digest)).toMatchObject([{ digest: second.digest }]);
      expect(target.manifest('app', tag)).toEqual(source.manifest('app', tag));
    }
    expect(target.blob(EMPTY.digest)).toBeDefined();
  });

  test('leaves them when they are not asked for', async () => {
    const { registry, index } = await serveIndex();
    await using source = registry;
    await using target = await startMemoryRegistry();
    await sign(source, index.descriptor, 'index');
    await copied({ source: at(source, 'app:1'), target: at(target, 'app:1') });
    expect(target.tags('app')).toEqual(['1']);
  });

  test('keeps them in a layout, and brings them back from there', async () => {
    const { registry, index } = await serveIndex({ referrersPerPage: 9 });
    await using source = registry;
    await using target = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    const { first, tag } = await sign(source, index.descriptor, 'index');
    for (const kind of ['oci', 'oci-archive'] as const) {
      const place = { kind, path: sandbox.path(`copy.${kind}`) };
      await copied({ source: at(source, 'app:1'), target: place, referrers: true });
      await copied({ source: place, target: at(target, `${kind}:1`), referrers: true });
      expect(target.manifest(kind, '1')).toEqual(Buffer.from(index.bytes));
      expect(target.tags(kind)).toContain(tag);
      expect(target.manifest(kind, first.digest)).toBeDefined();
    }
  });
});

describe('copy from what is broken', () => {
  const fixture = makeImageFixture({ layers: [{ large: noise('a') }, { small: 'x' }] });
  const [large] = fixture.layers.map(({ descriptor }) => descriptor);

  async function between(source: MemoryRegistryOptions, target: MemoryRegistryOptions, signal?: AbortSignal) {
    const registries = {
      source: await startMemoryRegistry(source),
      target: await startMemoryRegistry(target),
    };
    serveImage(registries.source, 'app', '1', fixture);
    const ends = { source: at(registries.source, 'app:1'), target: at(registries.target, 'app:1') };
    const outcome = await copied(ends, { signal }).then(
      () => undefined,
      (error: { code?: string }) => error,
    );
    const published = registries.target.manifest('app', '1') !== undefined;
    const dispose = async () => {
      await registries.source[Symbol.asyncDispose]();
      await registries.target[Symbol.asyncDispose]();
    };
    return { ...registries, outcome, published, [Symbol.asyncDispose]: dispose };
  }

  test.each([
    { name: 'the source breaks off', source: [{ on: 'GET blob', resetAfterBytes: 1_000_000 }], target: [] },
    { name: 'the source asks for patience', source: [{ on: 'GET blob', status: 429, times: 2 }], target: [] },
    {
      name: 'the source is out of order',
      source: [{ on: 'GET manifest', status: 503, times: 2 }],
      target: [],
    },
    {
      name: 'the target breaks off',
      source: [],
      target: [{ on: 'PATCH upload', resetAfterBytes: 1_000_000 }],
    },
    {
      name: 'the target is out of order',
      source: [],
      target: [{ on: 'PATCH upload', status: 500, times: 2 }],
    },
  ])('goes on when $name', async ({ source, target }) => {
    await using ends = await between({ faults: source }, { faults: target });
    expect(ends.outcome).toBeUndefined();
    expectImage(ends.target, 'app', fixture);
  });

  test.each([
    {
      name: 'has another digest',
      fault: { on: 'GET blob', corrupt: true, times: 9 },
      code: 'DIGEST_MISMATCH',
    },
    { name: 'is too long', fault: { on: 'GET blob', extraBytes: 9, times: 99 }, code: 'SIZE_MISMATCH' },
    { name: 'is too short', fault: { on: 'GET blob', shortBodyBytes: 0, times: 99 }, code: 'TRUNCATED' },
    { name: 'is not there', fault: { on: 'GET blob', status: 404, times: 9 }, code: 'BLOB_UNKNOWN' },
    {
      name: 'is behind a used-up quota',
      fault: { on: 'GET blob', status: 429, times: 99 },
      code: 'RATE_LIMITED',
    },
  ])('publishes nothing when a blob $name', async ({ fault, code }) => {
    await using ends = await between({ faults: [fault] }, {});
    expect(ends.outcome).toMatchObject({ code });
    expect(ends.published).toBe(false);
    expect(ends.target.hasBlob('app', large!.digest)).toBe(false);
  });

  test('never gives the target the last of a blob that is wrong', async () => {
    await using ends = await between({ faults: [{ on: 'GET blob', corrupt: true, times: 9 }] }, {});
    const sent = ends.target.requests.filter(({ kind }) => kind === 'upload');
    expect(Math.max(0, ...sent.map(({ bytesReceived }) => bytesReceived))).toBeLessThan(large!.size);
  });

  test.each([
    { name: 'is full', fault: { on: 'PATCH upload', status: 507, times: 99 } },
    { name: 'fails', fault: { on: '* upload', status: 500, times: 99 } },
    { name: 'refuses the manifest', fault: { on: 'PUT manifest', status: 400 } },
  ])('fails when the target $name', async ({ fault }) => {
    await using ends = await between({}, { faults: [fault] });
    expect(ends.outcome).toMatchObject({ code: 'REGISTRY_ERROR' });
    expect(ends.published).toBe(false);
  });

  test('stops when it is cancelled', async () => {
    await using ends = await between({}, {}, AbortSignal.abort());
    expect(ends.outcome).toMatchObject({ code: 'CANCELLED' });
  });

  test('refuses an index that is wrong about the size of a manifest', async () => {
    await using source = await startMemoryRegistry();
    const manifest = serveImage(source, 'app', '', fixture);
    const manifests = [{ ...manifest, size: manifest.size + 1 }];
    source.addManifest('app', '1', { schemaVersion: 2, manifests }, MEDIA_TYPES.ociIndex);
    await expect(copied({ source: at(source, 'app:1'), target: at(source, 'b:1') })).rejects.toMatchObject({
      code: 'SIZE_MISMATCH',
    });
  });
});

describe('copy to and from files', () => {
  test.each(['oci', 'oci-archive', 'docker-archive'] as const)(
    '%s and back is the same image',
    async (kind) => {
      const { registry, index } = await serveIndex();
      await using source = registry;
      await using target = await startMemoryRegistry();
      await using sandbox = new EngineSandbox();
      const place = { kind, path: sandbox.path('copy'), name: 'app:1' };
      await copied({ source: at(source, 'app:1'), target: place });
      const { descriptor } = await copied({ source: place, target: at(target, 'app:1') });
      expect(descriptor.digest).toBe(index.descriptor.digest);
      expect(target.manifest('app', '1')).toEqual(Buffer.from(index.bytes));
      // A path alone says what it is.
      await copied({ source: parseCopyPlace(sandbox.path('copy')), target: at(target, 'app:2') });
      expect(target.manifest('app', '2')).toEqual(Buffer.from(index.bytes));
      expect(readdirSync(sandbox.directory).filter((name) => name.includes('.'))).toEqual([]);
    },
  );

  test('a Docker archive is what load takes', async () => {
    const { registry, images } = await serveIndex();
    await using source = registry;
    await using sandbox = new EngineSandbox();
    const path = sandbox.path('a.tar');
    await copied({ source: at(source, 'app:1'), target: { kind: 'docker-archive', path, name: 'team/app' } });
    const [loaded] = await sandbox.engine().load({ from: path });
    expect(loaded).toMatchObject({ ref: { path: 'team/app', tag: 'latest' } });
    expect(images.map(({ fixture }) => fixture.image.config.descriptor.digest)).toContain(loaded?.id);
  });

  test('an old archive with plain layers reaches a registry packed', async () => {
    const fixture = makeImageFixture({ names: ['old:1'], uncompressed: true });
    await using target = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    const engine = sandbox.engine();
    const { writeDockerArchive } = await import('../image/docker-archive-writer.ts');
    const { storeOf } = await import('../testing/image-fixtures.ts');
    const chunks: Uint8Array[] = [];
    const archive = writeDockerArchive([fixture.image], await storeOf([fixture]), { uncompressed: true });
    for await (const chunk of archive) chunks.push(chunk);
    writeFileSync(sandbox.path('old.tar'), Buffer.concat(chunks));
    const source = { kind: 'docker-archive', path: sandbox.path('old.tar'), name: 'old:1' } as const;
    await copied({ source, target: at(target, 'old:1') });
    const pulled = await engine.pull({ ref: nameAt(target, 'old:1') });
    expect(pulled.imageId).toBe(fixture.image.config.descriptor.digest);
  });

  test('a layout keeps its other images, and a name has one', async () => {
    await using source = await startMemoryRegistry();
    await using sandbox = new EngineSandbox();
    const fixtures = ['1', '2'].map((content) => makeImageFixture({ layers: [{ content }] }));
    for (const [i, fixture] of fixtures.entries()) serveImage(source, 'app', `${i}`, fixture);
    const to = (name?: string) =>
      ({ kind: 'oci', path: sandbox.path('oci'), ...(name && { name }) }) as const;
    await Promise.all([0, 1].map((i) => copied({ source: at(source, `app:${i}`), target: to(`v${i}`) })));
    await copied({ source: at(source, 'app:1'), target: to('v0') });
    const index = JSON.parse(readFileSync(join(sandbox.path('oci'), 'index.json'), 'utf8'));
    const names = index.manifests.map((entry: Descriptor) => Object.values(entry.annotations ?? {}));
    expect(names.flat().sort()).toEqual(['v0', 'v1']);
    expect(readdirSync(sandbox.path('oci')).sort()).toEqual(['blobs', 'index.json', 'oci-layout']);
    await copied({ source: at(source, 'app:0'), target: to('v0') });
    await expect(copied({ source: to(), target: at(source, 'b:1') })).rejects.toMatchObject({
      code: 'IMAGE_UNKNOWN',
      hint: expect.stringMatching(/v0|v1/),
    });
    await expect(copied({ source: to('nosuch'), target: at(source, 'b:1') })).rejects.toMatchObject({
      code: 'IMAGE_UNKNOWN',
    });
  });

  test('goes on with what a broken copy left in a layout, and leaves nothing of a broken archive', async () => {
    const fixture = makeImageFixture({ layers: [{ large: noise('b') }] });
    const [layer] = fixture.layers.map(({ descriptor }) => descriptor);
    const faults = [
      { on: 'GET blob', resetAfterBytes: 1_500_000 },
      { on: 'GET blob', status: 404, times: 1 },
    ];
    await using source = await startMemoryRegistry({ faults });
    await using sandbox = new EngineSandbox();
    serveImage(source, 'app', '1', fixture);
    const target = { kind: 'oci', path: sandbox.path('oci') } as const;
    await expect(copied({ source: at(source, 'app:1'), target }, { jobs: 1 })).rejects.toMatchObject({
      code: 'BLOB_UNKNOWN',
    });
    expect(existsSync(join(target.path, 'index.json'))).toBe(false);
    await copied({ source: at(source, 'app:1'), target }, { jobs: 1 });
    const read = source.requests.filter(({ method, kind }) => method === 'GET' && kind === 'blob');
    expect(read.map(({ headers }) => headers.range)).toEqual([undefined, RESUMED, RESUMED, undefined]);
    expect(sha256(readFileSync(join(target.path, 'blobs', ...layer!.digest.split(':'))))).toBe(layer!.digest);

    source.addFault({ on: 'GET blob', corrupt: true, times: 9 });
    const archive = { kind: 'oci-archive', path: sandbox.path('files', '..', 'a.tar') } as const;
    await expect(copied({ source: at(source, 'app:1'), target: archive })).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
    });
    expect(readdirSync(sandbox.directory)).toEqual(['oci']);
  });

  test.each([
    { name: 'nothing', source: 'oci:/nosuch', code: 'FILE_NOT_FOUND' },
    { name: 'no archive', source: 'oci-archive:/nosuch.tar', code: 'FILE_NOT_FOUND' },
    { name: 'no path', source: '/nosuch', code: 'FILE_NOT_FOUND' },
    { name: 'a directory without a layout', source: 'oci:/proc/self/fd', code: 'INVALID_ARCHIVE' },
    { name: 'a directory for an archive', source: 'oci-archive:/tmp', code: 'INVALID_ARCHIVE' },
  ])('finds $name', async ({ source, code }) => {
    await using target = await startMemoryRegistry();
    await expect(copied({ source: parseCopyPlace(source), target: at(target, 'a:1') })).rejects.toMatchObject(
      { code },
    );
  });

  test.each([
    { name: 'a bare path', target: '/tmp/x', code: 'INVALID_ARGUMENT' },
    { name: 'a directory that is not there', target: 'oci-archive:/nosuch/a.tar', code: 'FILE_NOT_FOUND' },
  ])('does not write to $name', async ({ target, code }) => {
    await using source = await startMemoryRegistry();
    serveImage(source, 'app', '1', makeImageFixture());
    await expect(
      copied({ source: at(source, 'app:1'), target: parseCopyPlace(target) }),
    ).rejects.toMatchObject({ code });
  });
});
