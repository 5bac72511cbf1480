import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Clock } from '../clock.ts';
import type { Digest } from '../digest.ts';
import type {
  DocumentRecord,
  ImageFacts,
  ImageName,
  LayerRecord,
  MetadataStore,
} from '../metadata/metadata-store.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { parseReference } from '../reference.ts';
import { buildCacheCases } from './build-cache-cases.ts';

/** A clock that stands until it is moved. */
export interface TestClock extends Clock {
  advance(ms: number): void;
}

export type OpenStore = (clock: Clock) => Promise<MetadataStore>;

const HOUR_MS = 60 * 60 * 1000;
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';
const UBUNTU = parseReference('ubuntu:18.04');

/** What every `MetadataStore` does. `open` makes a fresh, empty store; a second call, another one. */
export function metadataStoreSuite(name: string, open: OpenStore): void {
  describe(`${name} as a metadata store`, () => {
    nameCases(open);
    imageCases(open);
    pinCases(open);
    containerCases(open);
    buildCacheCases(open);
    useCases(open);
    layerCases(open);
    catalogCases(open);
    transactionCases(open);
    collectionCases(open);
  });
}

export function testClock(start = new Date('2026-01-02T03:04:05Z')): TestClock {
  let now = start.getTime();
  return {
    now: () => new Date(now),
    sleep: async () => {},
    advance: (ms) => {
      now += ms;
    },
  };
}

/** The digest of a text: for tests that only need different ones. */
export function digestOf(text: string): Digest {
  return `sha256:${createHash('sha256').update(text).digest('hex')}` as Digest;
}

/** An image of made-up digests with these layers, its manifest and the names it gets. */
export function imageFixture(
  label: string,
  options: { readonly names?: readonly string[]; readonly layers?: readonly string[] } = {},
): { facts: ImageFacts; manifest: DocumentRecord; names: ImageName[]; layers: LayerRecord[] } {
  const descriptor: Descriptor = { mediaType: MANIFEST, digest: digestOf(`manifest ${label}`), size: 500 };
  const layers = (options.layers ?? [`layer of ${label}`]).map((layer) => layerFixture(layer));
  const id = digestOf(`config ${label}`);
  return {
    facts: {
      id,
      manifest: descriptor,
      created: '2026-01-01T00:00:00Z',
      platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
      size: 10 * layers.length,
      layers: layers.map(({ digest, diffID, contentSize }) => ({
        digest,
        diffID,
        chainID: digestOf(`chain ${diffID}`),
        contentSize,
      })),
    },
    manifest: { descriptor, children: [id, ...layers.map((layer) => layer.digest)] },
    names: (options.names ?? []).map((text) => ({
      ref: parseReference(text),
      target: descriptor,
      imageId: id,
      taggedAt: new Date('2026-01-02T00:00:00Z'),
    })),
    layers,
  };
}

/** A layer blob; `packing` makes another blob of the same tar. */
export function layerFixture(label: string, packing = 'gzip'): LayerRecord {
  return {
    digest: digestOf(`${packing} ${label}`),
    diffID: digestOf(`tar ${label}`),
    size: 100,
    tarSize: 300,
    contentSize: 10,
  };
}

function put(store: MetadataStore, label: string, options: Parameters<typeof imageFixture>[1] = {}) {
  const image = imageFixture(label, options);
  for (const layer of image.layers) store.putLayer(layer);
  store.putImage(image.facts, [image.manifest], image.names);
  return image;
}

function nameCases(open: OpenStore): void {
  test('finds a name as it was put, under a tag and under a digest', async () => {
    using store = await opened(open);
    const byDigest = `ubuntu@${digestOf('index')}`;
    const { names } = put(store, 'a', { names: ['ubuntu:18.04', byDigest] });
    expect(store.findName(UBUNTU)).toEqual(names[0]);
    expect(store.findName(parseReference(byDigest))).toEqual(names[1]);
    expect(store.findName(parseReference('ubuntu:20.04'))).toBeUndefined();
    expect(store.findName(parseReference('example.com/library/ubuntu:18.04'))).toBeUndefined();
  });

  test('keeps all of a target that a descriptor can say', async () => {
    using store = await opened(open);
    const { names } = put(store, 'a', { names: ['ubuntu:18.04'] });
    const target: Descriptor = {
      ...names[0]!.target,
      platform: { os: 'linux', architecture: 's390x' },
      annotations: { 'org.example': 'yes' },
      artifactType: 'application/x-thing',
      urls: ['https://example.com/a'],
    };
    store.putName({ ...names[0]!, target });
    expect(store.findName(UBUNTU)?.target).toEqual(target);
  });

  test('lists all names, those of a repository and those of an image', async () => {
    using store = await opened(open);
    const a = put(store, 'a', { names: ['ubuntu:18.04', 'ubuntu:20.04'] });
    put(store, 'b', { names: ['busybox:latest', 'example.com/library/ubuntu:1'] });
    expect(store.listNames().map((name) => name.ref)).toEqual(
      ['busybox:latest', 'ubuntu:18.04', 'ubuntu:20.04', 'example.com/library/ubuntu:1'].map(parseReference),
    );
    expect(store.listNames(parseReference('ubuntu'))).toEqual(a.names);
    expect(store.namesOf(a.facts.id)).toEqual(a.names);
    expect(store.namesOf(digestOf('nothing'))).toEqual([]);
  });

  test('moves a name, and compares first when it is told to', async () => {
    using store = await opened(open);
    const a = put(store, 'a', { names: ['ubuntu:18.04'] });
    const b = put(store, 'b');
    const moved = { ...a.names[0]!, target: b.facts.manifest, imageId: b.facts.id };
    for (const replaces of [null, b.facts.manifest.digest])
      expect(() => store.putName(moved, { replaces })).toThrow(
        expect.objectContaining({
          code: 'CONFLICT',
          message: expect.stringContaining('ubuntu:18.04: names'),
        }),
      );
    store.putName(moved, { replaces: a.facts.manifest.digest });
    expect(store.findName(UBUNTU)).toEqual(moved);
    expect(store.namesOf(a.facts.id)).toEqual([]);
    store.putName({ ...moved, ref: parseReference('ubuntu:new') }, { replaces: null });
  });

  test('deletes a name once', async () => {
    using store = await opened(open);
    const { facts } = put(store, 'a', { names: ['ubuntu:18.04'] });
    expect(store.deleteName(UBUNTU)).toBe(true);
    expect(store.deleteName(UBUNTU)).toBe(false);
    expect(store.findImage(facts.id)).toEqual(facts);
  });

  test.each([
    { name: 'no tag and no digest', text: 'ubuntu' },
    { name: 'a tag and a digest', text: `ubuntu:18.04@sha256:${'0'.repeat(64)}` },
  ])('refuses a name with $name', async ({ text }) => {
    using store = await opened(open);
    expect(() => store.findName(parseReference(text))).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });

  test('refuses a name for an image that is gone', async () => {
    using store = await opened(open);
    const { names, facts } = put(store, 'a', { names: ['ubuntu:18.04'] });
    store.deleteImage(facts.id);
    expect(() => store.putName(names[0]!)).toThrow(expect.objectContaining({ code: 'IMAGE_UNKNOWN' }));
    expect(store.listNames()).toEqual([]);
  });
}

function imageCases(open: OpenStore): void {
  test('gives back an image as it was put', async () => {
    using store = await opened(open);
    const { facts } = put(store, 'a', { layers: ['one', 'two', 'three'] });
    const bare: ImageFacts = {
      id: digestOf('bare'),
      manifest: facts.manifest,
      platform: { os: 'linux', architecture: 'amd64' },
      size: 0,
      layers: [],
    };
    const full = { ...bare, id: digestOf('full'), parent: facts.id };
    const windows = {
      ...full,
      id: digestOf('windows'),
      platform: { ...bare.platform, osVersion: '10.0' },
    };
    for (const image of [bare, full, windows]) store.putImage(image, [], []);
    for (const image of [facts, bare, full, windows]) expect(store.findImage(image.id)).toEqual(image);
    expect(store.findImage(digestOf('nothing'))).toBeUndefined();
    const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1);
    const all = [facts, bare, full, windows].sort(byId);
    expect(store.listImages().sort(byId)).toEqual(all);
    const outlines = all.map(({ layers: _, manifest, ...rest }) => ({
      ...rest,
      manifest: { digest: manifest.digest },
    }));
    expect(store.listImageOutlines().sort(byId)).toEqual(outlines);
  });

  test('replaces an image, yet remembers its parent', async () => {
    using store = await opened(open);
    const { facts } = put(store, 'a', { layers: ['one', 'two'] });
    store.putImage({ ...facts, parent: digestOf('parent') }, [], []);
    const pulled = { ...facts, manifest: { ...facts.manifest, digest: digestOf('other manifest') } };
    store.putImage(pulled, [], []);
    expect(store.findImage(facts.id)).toEqual({ ...pulled, parent: digestOf('parent') });
  });

  test('finds image IDs by how they begin', async () => {
    using store = await opened(open);
    const ids = ['a', 'b', 'c', 'd'].map((label) => put(store, label).facts.id).sort();
    const hex = ids[1]!.slice('sha256:'.length);
    expect(store.imageIdsByPrefix('', 10)).toEqual(ids);
    expect(store.imageIdsByPrefix('', 2)).toEqual(ids.slice(0, 2));
    expect(store.imageIdsByPrefix(hex.slice(0, 12), 2)).toEqual([ids[1]]);
    expect(store.imageIdsByPrefix(hex, 2)).toEqual([ids[1]]);
    for (const none of [`${hex}0`, 'xyz', '%', 'A', `${hex.slice(0, 8)}g`])
      expect(store.imageIdsByPrefix(none, 2)).toEqual([]);
  });

  test('deletes an image with its names and its documents', async () => {
    using store = await opened(open);
    const { facts, manifest } = put(store, 'a', { names: ['ubuntu:18.04', 'ubuntu:bionic'] });
    expect(store.allDocuments()).toEqual([{ ...manifest, children: [...manifest.children].sort() }]);
    expect(store.deleteImage(facts.id)).toBe(true);
    expect(store.deleteImage(facts.id)).toBe(false);
    expect(store.listNames()).toEqual([]);
    expect(store.listImages()).toEqual([]);
    expect(store.allDocuments()).toEqual([]);
  });

  test('keeps a document that another name needs when an image goes', async () => {
    using store = await opened(open);
    const [arm, amd] = [imageFixture('arm'), imageFixture('amd')];
    const index: DocumentRecord = {
      descriptor: { mediaType: INDEX, digest: digestOf('index'), size: 9 },
      children: [arm.facts.manifest.digest, amd.facts.manifest.digest],
    };
    const name = (text: string, imageId: Digest): ImageName => ({
      ref: parseReference(text),
      target: index.descriptor,
      imageId,
      taggedAt: new Date(0),
    });
    store.putImage(arm.facts, [arm.manifest, index], [name('app:arm', arm.facts.id)]);
    store.putImage(amd.facts, [amd.manifest, index], [name('app:amd', amd.facts.id)]);
    store.deleteImage(arm.facts.id);
    expect(store.allDocuments()).toHaveLength(3);
    store.deleteImage(amd.facts.id);
    expect(store.allDocuments()).toEqual([]);
  });

  test('puts an image whole or not at all', async () => {
    using store = await opened(open);
    const { facts, manifest, names } = imageFixture('a', { names: ['ubuntu:18.04'] });
    const foreign = { ...names[0]!, ref: parseReference('other:1'), imageId: digestOf('not here') };
    expect(() => store.putImage(facts, [manifest], [...names, foreign])).toThrow();
    expect([store.listNames(), store.listImages(), store.allDocuments()]).toEqual([[], [], []]);
  });
}

function pinCases(open: OpenStore): void {
  test('pins images that are there, each once, until they go', async () => {
    using store = await opened(open);
    const ids = ['a', 'b'].map((label) => put(store, label).facts.id).sort();
    expect(store.pinnedImages()).toEqual([]);
    expect([...ids, ids[0]!].map((id) => store.pinImage(id))).toEqual([true, true, false]);
    expect(store.pinnedImages()).toEqual(ids);
    expect(() => store.pinImage(digestOf('nothing'))).toThrow(
      expect.objectContaining({ code: 'IMAGE_UNKNOWN' }),
    );
    expect([ids[0]!, ids[0]!].map((id) => store.unpinImage(id))).toEqual([true, false]);
    store.deleteImage(ids[1]!);
    expect(store.pinnedImages()).toEqual([]);
  });
}

function containerCases(open: OpenStore): void {
  const start = new Date('2026-01-02T03:04:05Z');
  const image = imageFixture('a');
  const containerFixture = (id: string, name: string, at = 0) => ({
    id: id.padEnd(64, '0'),
    name,
    imageId: image.facts.id,
    createdAt: new Date(start.getTime() + at),
    record: { state: { status: 'created' } },
  });

  async function withImage(): Promise<MetadataStore> {
    const store = await open(testClock());
    store.putImage(image.facts, [image.manifest], image.names);
    return store;
  }

  test('finds a container by ID, by name, by the beginning of its ID', async () => {
    const store = await withImage();
    const [first, second] = [containerFixture('ab1', 'first'), containerFixture('ab2', 'ab')];
    store.putContainer(first);
    store.putContainer(second);
    for (const key of [first.id, 'first', '/first', 'ab1'])
      expect(store.findContainer(key)).toEqual({ ...first, revision: 0 });
    // A name goes before the beginning of an ID.
    expect(store.findContainer('ab')?.id).toBe(second.id);
    for (const key of ['none', 'ab3', '', '%']) expect(store.findContainer(key)).toBeUndefined();
    expect(() => store.findContainer('a')).toThrow('multiple IDs found with provided prefix: a');
  });

  test('lists containers, newest first', async () => {
    const store = await withImage();
    for (const [index, name] of ['old', 'new'].entries())
      store.putContainer(containerFixture(`a${index}`, name, index));
    expect(store.listContainers().map(({ name }) => name)).toEqual(['new', 'old']);
  });

  test('refuses a container of a name that is taken, or of no image', async () => {
    const store = await withImage();
    const first = containerFixture('a1', 'web');
    store.putContainer(first);
    expect(() => store.putContainer(containerFixture('a2', 'web'))).toThrow(
      `Conflict. The container name "/web" is already in use by container "${first.id}". You have to remove (or rename) that container to be able to reuse that name.`,
    );
    const orphan = { ...containerFixture('a3', 'orphan'), imageId: digestOf('none') };
    expect(() => store.putContainer(orphan)).toThrow('No such image');
    store.putContainer(containerFixture('a4', 'other'));
    const other = store.findContainer('other');
    expect(() => store.replaceContainer({ ...other!, name: 'web' })).toThrow('Conflict.');
    expect(store.listContainers()).toHaveLength(2);
  });

  test('changes a container only as it was read', async () => {
    const store = await withImage();
    store.putContainer(containerFixture('a1', 'web'));
    const read = store.findContainer('web')!;
    expect(store.replaceContainer({ ...read, name: 'site', record: { changed: 1 } })).toBe(true);
    expect(store.replaceContainer({ ...read, record: { changed: 2 } })).toBe(false);
    expect(store.findContainer('site')).toMatchObject({ revision: 1, record: { changed: 1 } });
  });

  test('keeps the layers of a container whose image is removed', async () => {
    const store = await withImage();
    const { id } = containerFixture('a1', 'web');
    const digests = image.facts.layers.map(({ digest }) => digest);
    store.putContainer(containerFixture('a1', 'web'));
    store.putContainer(containerFixture('a2', 'other'));
    expect(store.layersOfContainer(id)).toEqual(image.facts.layers);
    store.deleteImage(image.facts.id);
    expect(store.listImages()).toEqual([]);
    expect(store.layersOfContainer(id)).toEqual(image.facts.layers);
    store.deleteContainer(containerFixture('a2', 'other').id);
    expect(store.unheld([...digests, image.facts.id])).toEqual([]);
    store.deleteContainer(id);
    expect(store.layersOfContainer(id)).toEqual([]);
    expect(store.unheld([...digests, image.facts.id])).toEqual([...digests, image.facts.id]);
  });

  test('forgets a container, once', async () => {
    const store = await withImage();
    const container = containerFixture('a1', 'web');
    store.putContainer(container);
    expect(store.imagesOfContainers()).toEqual([image.facts.id]);
    expect(store.deleteContainer(container.id)).toBe(true);
    expect(store.deleteContainer(container.id)).toBe(false);
    expect(store.imagesOfContainers()).toEqual([]);
  });

  test('keeps what a container was made from when its image is removed', async () => {
    const store = await withImage();
    store.putContainer(containerFixture('a1', 'web'));
    store.deleteImage(image.facts.id);
    expect(store.unheld([image.facts.id])).toEqual([]);
    store.deleteContainer('a1'.padEnd(64, '0'));
    expect(store.unheld([image.facts.id])).toEqual([image.facts.id]);
  });
}

function useCases(open: OpenStore): void {
  test('remembers the last use of images that are there, to the minute', async () => {
    const clock = testClock();
    using store = await opened(open, clock);
    const [a, b] = ['a', 'b'].map((label) => put(store, label).facts.id) as [Digest, Digest];
    const first = clock.now();
    expect(store.lastUses()).toEqual(new Map());
    store.noteUse(a, b, digestOf('nothing'));
    clock.advance(59_999);
    store.noteUse(a);
    expect(store.lastUses()).toEqual(
      new Map([
        [a, first],
        [b, first],
      ]),
    );
    clock.advance(1);
    store.noteUse(a);
    store.deleteImage(b);
    expect(store.lastUses()).toEqual(new Map([[a, clock.now()]]));
  });
}

function layerCases(open: OpenStore): void {
  test('knows a tar in each of its packings', async () => {
    using store = await opened(open);
    const [gzip, zstd, other] = [layerFixture('a'), layerFixture('a', 'zstd'), layerFixture('b')];
    for (const layer of [gzip, zstd, other]) store.putLayer(layer);
    store.putLayer(gzip);
    expect(store.findLayer(gzip.digest)).toEqual(gzip);
    expect(store.findLayer(digestOf('nothing'))).toBeUndefined();
    expect(new Set(store.layersByDiffID(gzip.diffID))).toEqual(new Set([gzip, zstd]));
    expect(store.layersByDiffID(digestOf('nothing'))).toEqual([]);
    expect(store.allLayers()).toHaveLength(3);
    store.forgetBlob(gzip.digest);
    expect(store.layersByDiffID(gzip.diffID)).toEqual([zstd]);
  });

  test('remembers where blobs are', async () => {
    using store = await opened(open);
    const [digest, app, team] = [digestOf('a'), parseReference('example.com/app'), parseReference('b/team')];
    for (const repository of [app, team, app]) store.addBlobLocation(digest, repository);
    expect(store.blobLocations(digest)).toHaveLength(2);
    store.removeBlobLocation(digest, app);
    expect(store.blobLocations(digest)).toEqual([team]);
    expect(store.blobLocations(digestOf('b'))).toEqual([]);
  });

  test('keeps settings', async () => {
    using store = await opened(open);
    expect(store.getSetting('hash')).toBeUndefined();
    store.setSetting('hash', 'wasm');
    store.setSetting('hash', 'node');
    expect(store.getSetting('hash')).toBe('node');
    expect(store.integrityCheck()).toEqual([]);
  });
}

function catalogCases(open: OpenStore): void {
  test('finds manifests by tag and digest, each repository its own', async () => {
    using store = await opened(open);
    const { manifest } = imageFixture('a');
    const { descriptor } = manifest;
    store.putManifest('team/app', manifest, ['1.0', 'latest']);
    expect(store.findTag('team/app', '1.0')).toEqual(descriptor);
    expect(store.findManifest('team/app', descriptor.digest)).toEqual(descriptor);
    expect(store.findTag('team/other', '1.0')).toBeUndefined();
    expect(store.findManifest('team/other', descriptor.digest)).toBeUndefined();
    expect(store.findTag('team/app', '2.0')).toBeUndefined();
    const next = imageFixture('b').manifest;
    store.putManifest('team/app', next, ['latest']);
    expect(store.findTag('team/app', 'latest')).toEqual(next.descriptor);
    expect(store.findTag('team/app', '1.0')).toEqual(descriptor);
  });

  test('lists tags in ASCII order, page by page', async () => {
    using store = await opened(open);
    store.putManifest('app', imageFixture('a').manifest, ['b', 'a', 'B', '1', '_']);
    store.putManifest('app2', imageFixture('a').manifest, []);
    expect(store.listTags('app')).toEqual(['1', 'B', '_', 'a', 'b']);
    expect(store.listTags('app', { limit: 2 })).toEqual(['1', 'B']);
    expect(store.listTags('app', { last: 'B', limit: 2 })).toEqual(['_', 'a']);
    expect(store.listTags('app', { last: 'zz' })).toEqual([]);
    expect(store.listTags('app', { limit: 0 })).toEqual([]);
    expect(store.listTags('app2')).toEqual([]);
    expect(store.listTags('nothing')).toBeUndefined();
  });

  test('lists repositories in ASCII order, page by page', async () => {
    using store = await opened(open);
    expect(store.listRepositories()).toEqual([]);
    for (const name of ['b', 'a/b', 'a']) store.putManifest(name, imageFixture('a').manifest, ['1']);
    store.putManifest('b', imageFixture('b').manifest, []);
    expect(store.listRepositories()).toEqual(['a', 'a/b', 'b']);
    expect(store.listRepositories({ limit: 2 })).toEqual(['a', 'a/b']);
    expect(store.listRepositories({ last: 'a', limit: 1 })).toEqual(['a/b']);
    expect(store.listRepositories({ last: 'b' })).toEqual([]);
  });

  test('searches repositories by a part of their names', async () => {
    using store = await opened(open);
    for (const name of ['b', 'team/app', 'apple', 'x_y'])
      store.putManifest(name, imageFixture('a').manifest, []);
    expect(store.searchRepositories('app')).toEqual(['apple', 'team/app']);
    expect(store.searchRepositories('app', { last: 'apple' })).toEqual(['team/app']);
    expect(store.searchRepositories('', { limit: 1 })).toEqual(['apple']);
    expect(store.searchRepositories('%')).toEqual([]);
  });

  test('deletes a tag alone, or a manifest with all its tags', async () => {
    using store = await opened(open);
    const { descriptor } = imageFixture('a').manifest;
    for (const name of ['app', 'other']) store.putManifest(name, imageFixture('a').manifest, ['1', '2', '3']);
    expect(store.deleteTag('app', '1')).toBe(true);
    expect(store.deleteTag('app', '1')).toBe(false);
    expect(store.listTags('app')).toEqual(['2', '3']);
    expect(store.findManifest('app', descriptor.digest)).toEqual(descriptor);
    expect(store.deleteManifest('app', descriptor.digest)).toBe(true);
    expect(store.deleteManifest('app', descriptor.digest)).toBe(false);
    expect(store.findTag('app', '2')).toBeUndefined();
    expect(store.listTags('other')).toEqual(['1', '2', '3']);
  });

  test('links blobs to repositories, which keeps none of them', async () => {
    using store = await opened(open);
    const { manifest } = imageFixture('a');
    const blob = layerFixture('a').digest;
    expect(store.findBlobLink('app', blob)).toBeUndefined();
    store.linkBlobs('app', [blob]);
    store.putManifest('other', manifest, [], { blobs: [blob] });
    expect(store.findBlobLink('app', blob)).toBe('linked');
    expect(store.repositoriesOf(blob)).toEqual(['app', 'other']);
    expect(store.repositoriesOf(manifest.descriptor.digest)).toEqual(['other']);
    store.unlinkBlob('app', blob);
    expect(store.findBlobLink('app', blob)).toBe('removed');
    expect(store.repositoriesOf(blob)).toEqual(['other']);
    store.linkBlobs('app', [blob]);
    expect(store.findBlobLink('app', blob)).toBe('linked');
    const free = layerFixture('free').digest;
    store.linkBlobs('app', [free]);
    expect(store.sweep(() => true, [free])).toEqual([free]);
    expect(store.findBlobLink('app', free)).toBeUndefined();
  });

  test('finds the manifests of a repository that name another one', async () => {
    using store = await opened(open);
    const subject = imageFixture('subject').manifest.descriptor.digest;
    const naming = (label: string): DocumentRecord => ({
      descriptor: imageFixture(label).manifest.descriptor,
      children: [subject],
    });
    const [one, two] = [naming('one'), naming('two')];
    for (const document of [one, two]) store.putManifest('app', document, []);
    store.putManifest('other', one, []);
    const sorted = [one, two]
      .map(({ descriptor }) => descriptor)
      .sort((a, b) => (a.digest < b.digest ? -1 : 1));
    expect(store.manifestsNaming('app', subject)).toEqual(sorted);
    expect(store.manifestsNaming('other', subject)).toEqual([one.descriptor]);
    expect(store.manifestsNaming('none', subject)).toEqual([]);
  });

  test('knows the subject of a manifest, which that does not keep', async () => {
    using store = await opened(open);
    const [subject, referrer] = [imageFixture('subject').manifest, imageFixture('one').manifest];
    const { digest } = subject.descriptor;
    store.putManifest('app', referrer, [], { subject: digest });
    store.putManifest('app', subject, []);
    expect(store.manifestsNaming('app', digest)).toEqual([referrer.descriptor]);
    store.deleteManifest('app', digest);
    expect(store.unheld([digest])).toEqual([digest]);
    expect(store.manifestsNaming('app', digest)).toEqual([referrer.descriptor]);
    store.deleteManifest('app', referrer.descriptor.digest);
    expect(store.sweep(() => true, [referrer.descriptor.digest])).toHaveLength(1);
    store.putManifest('app', referrer, []);
    expect(store.manifestsNaming('app', digest)).toEqual([]);
  });

  test('lists every manifest with its tags, and forgets one, with them, that is lost', async () => {
    using store = await opened(open);
    const { descriptor } = imageFixture('a').manifest;
    const { digest, mediaType } = descriptor;
    store.putManifest('app', imageFixture('a').manifest, ['b', 'a']);
    store.putManifest('app2', imageFixture('a').manifest, []);
    const rest = { repository: 'app2', digest, mediaType, tags: [] };
    expect(store.listCatalog()).toEqual([{ repository: 'app', digest, mediaType, tags: ['a', 'b'] }, rest]);
    expect(store.forgetManifest('app', digest, () => false)).toBe(false);
    expect(store.findTag('app', 'a')).toEqual(descriptor);
    expect(store.forgetManifest('app', digest, () => true)).toBe(true);
    expect(store.findTag('app', 'a')).toBeUndefined();
    expect(store.listTags('app')).toBeUndefined();
    expect(store.listCatalog()).toEqual([rest]);
    store.forgetBlob(digest);
    expect(store.listCatalog()).toEqual([{ repository: 'app2', digest, tags: [] }]);
  });
}

function transactionCases(open: OpenStore): void {
  test('does several changes as one, and none of them when one fails or all are to be undone', async () => {
    using store = await opened(open);
    const { facts, names } = put(store, 'a', { names: ['ubuntu:18.04', 'ubuntu:bionic'] });
    const failing = () =>
      store.atomically(() => {
        store.deleteName(UBUNTU);
        throw new Error('on the way');
      });
    expect(failing).toThrow('on the way');
    const found = store.atomically(
      () => {
        store.deleteImage(facts.id);
        return store.unheld([facts.id, facts.manifest.digest, digestOf('nothing'), facts.id]);
      },
      { undo: true },
    );
    expect(found).toEqual([facts.id, facts.manifest.digest, digestOf('nothing')]);
    expect(store.namesOf(facts.id)).toEqual(names);
    expect(store.unheld([facts.id])).toEqual([]);
    store.atomically(() => {
      for (const { ref } of names) store.deleteName(ref);
    });
    expect(store.listNames()).toEqual([]);
  });
}

function collectionCases(open: OpenStore): void {
  test('reaches what names, images, and the registry hold, through indexes', async () => {
    using store = await opened(open);
    const image = put(store, 'a', { names: ['ubuntu:18.04'], layers: ['one', 'two'] });
    const pushed = imageFixture('pushed').manifest;
    const index: DocumentRecord = {
      descriptor: { mediaType: INDEX, digest: digestOf('index'), size: 9 },
      children: [pushed.descriptor.digest, digestOf('not here')],
    };
    store.putManifest('app', pushed, []);
    store.putManifest('app', index, ['latest']);
    expect(store.reachable()).toEqual(
      new Set([
        image.facts.id,
        image.facts.manifest.digest,
        ...image.layers.map((layer) => layer.digest),
        index.descriptor.digest,
        ...index.children,
        ...pushed.children,
      ]),
    );
  });

  test('reaches a layer under another blob of the same tar', async () => {
    using store = await opened(open);
    const { facts } = put(store, 'a', { layers: ['one'] });
    const zstd = layerFixture('one', 'zstd');
    store.putLayer(zstd);
    expect(store.reachable()).toContain(zstd.digest);
    expect(sweepAll(store, [zstd.digest])).toEqual([]);
    store.deleteImage(facts.id);
    expect(sweepAll(store, [zstd.digest])).toEqual([zstd.digest]);
  });

  test('sweeps what nothing holds any more, with its records', async () => {
    using store = await opened(open);
    const [a, b] = [put(store, 'a', { layers: ['base', 'top'] }), put(store, 'b', { layers: ['base'] })];
    store.deleteImage(a.facts.id);
    const all = [...blobsOf(a), ...blobsOf(b)];
    const top = a.layers[1]!;
    store.addBlobLocation(top.digest, UBUNTU);
    const gone = [a.facts.id, a.facts.manifest.digest, top.digest];
    expect(sweepAll(store, all)).toEqual(gone.sort());
    expect(store.findLayer(top.digest)).toBeUndefined();
    expect(store.blobLocations(top.digest)).toEqual([]);
    expect(store.findLayer(b.layers[0]!.digest)).toEqual(b.layers[0]);
  });

  test.each([
    { name: 'lets go of a manifest that is taken out of its index', isCatalogued: false },
    { name: 'holds it as long as the registry has the index', isCatalogued: true },
  ])('$name', async ({ isCatalogued }) => {
    using store = await opened(open);
    const shown = put(store, 'shown', { layers: ['one'] });
    const other = imageFixture('other', { layers: ['two'] });
    const index: DocumentRecord = {
      descriptor: { mediaType: INDEX, digest: digestOf('index'), size: 9 },
      children: [shown.manifest.descriptor.digest, other.manifest.descriptor.digest],
    };
    const name = { ref: UBUNTU, target: index.descriptor, imageId: shown.facts.id, taggedAt: new Date(0) };
    store.putImage(shown.facts, [index, other.manifest], [name]);
    if (isCatalogued) store.putManifest('app', index, ['1']);
    store.dropFromIndexes(other.manifest.descriptor.digest);
    const content = [other.manifest.descriptor.digest, ...other.manifest.children];
    expect(sweepAll(store, [...blobsOf(shown), ...content])).toEqual(isCatalogued ? [] : content.sort());
    store.putImage(shown.facts, [index], []);
    expect(store.reachable()).toContain(other.manifest.descriptor.digest);
  });

  test('looks at the candidates alone, and tells only of what was there', async () => {
    using store = await opened(open);
    const digests = ['a', 'b', 'c'].map(digestOf);
    const asked: Digest[] = [];
    const swept = store.sweep(
      (digest) => {
        asked.push(digest);
        return digest !== digests[0];
      },
      [digests[0]!, digests[1]!, digests[1]!],
    );
    expect(asked).toEqual(digests.slice(0, 2));
    expect(swept).toEqual([digests[1]]);
  });

  test('keeps what a lease names until the lease ends, with what it leads to', async () => {
    using store = await opened(open);
    const { manifest } = put(store, 'a');
    store.deleteImage(imageFixture('a').facts.id);
    const lease = await store.acquireLease('pull');
    lease.add(manifest.descriptor.digest, digestOf('loose'));
    store.putManifest('other', imageFixture('b').manifest, []);
    expect(sweepAll(store, [manifest.descriptor.digest, digestOf('loose')])).toEqual([]);
    await lease[Symbol.asyncDispose]();
    expect(sweepAll(store, [manifest.descriptor.digest, digestOf('loose')])).toHaveLength(2);
  });

  test('keeps what was touched for an hour, counted anew by each touch', async () => {
    const clock = testClock();
    using store = await opened(open, clock);
    const digest = digestOf('a');
    store.touch(digest);
    clock.advance(HOUR_MS - 1);
    expect(sweepAll(store, [digest])).toEqual([]);
    store.touch(digest, digestOf('b'));
    clock.advance(HOUR_MS - 1);
    expect(store.reachable()).toEqual(new Set([digest, digestOf('b')]));
    clock.advance(1);
    expect(store.reachable()).toEqual(new Set());
    expect(sweepAll(store, [digest])).toEqual([digest]);
  });

  test('passes on what a removal throws, and has forgotten the records by then', async () => {
    using store = await opened(open);
    const layer = layerFixture('a');
    store.putLayer(layer);
    const refuse = () => {
      throw new Error('disk on fire');
    };
    expect(() => store.sweep(refuse, [layer.digest])).toThrow('disk on fire');
    expect(store.findLayer(layer.digest)).toBeUndefined();
    expect(sweepAll(store, [layer.digest])).toEqual([layer.digest]);
  });
}

async function opened(open: OpenStore, clock: Clock = testClock()): Promise<MetadataStore & Disposable> {
  const store = await open(clock);
  return Object.assign(store, { [Symbol.dispose]: () => store.close() });
}

function blobsOf({ facts, layers }: ReturnType<typeof imageFixture>): Digest[] {
  return [facts.id, facts.manifest.digest, ...layers.map((layer) => layer.digest)];
}

function sweepAll(store: MetadataStore, candidates: readonly Digest[]): Digest[] {
  return store.sweep(() => true, candidates).sort();
}
