import { existsSync, readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { collect } from '../bytes/collect.ts';
import { decompressAuto } from '../compression/decompress.ts';
import { detectCompression } from '../compression/detect.ts';
import type { Digest } from '../digest.ts';
import { WherryError } from '../errors.ts';
import { parseIndex } from '../oci/index-document.ts';
import { writeJson } from '../oci/json.ts';
import { layoutBlobPath } from '../oci/layout.ts';
import { parseManifest } from '../oci/manifest.ts';
import { MEDIA_TYPES } from '../oci/media-types.ts';
import { familiarName, parseReference } from '../reference.ts';
import { readTar } from '../tar/reader.ts';
import { type TarEntryInit, writeTar } from '../tar/writer.ts';
import { inPieces, makeImageFixture, makeIndexFixture, storeOf } from '../testing/image-fixtures.ts';
import type { StoredMember } from './archive-members.ts';
import { type ArchiveContent, type ArchiveSink, readImageArchive } from './archive-reader.ts';
import { digestOfBytes } from './build-image.ts';
import { writeDockerArchive } from './docker-archive-writer.ts';
import type { ArchivePlan, PlanOptions } from './planned-image.ts';

const MAX = 64 << 20;
const SHARED = new URL('../../../../../shared/cases/archives/', import.meta.url);

/** Stores in memory; finds a layer's diffID by unpacking it. */
function memorySink(): { sink: ArchiveSink; stored: Map<Digest, Uint8Array>; seen: ArchiveContent[] } {
  const stored = new Map<Digest, Uint8Array>();
  const seen: ArchiveContent[] = [];
  const store = async (member: ArchiveContent): Promise<StoredMember> => {
    const bytes = await collect(member.content, MAX);
    const digest = digestOfBytes(bytes);
    stored.set(digest, bytes);
    if (member.kind === 'blob') return { digest, size: bytes.length };
    const tar = await collect(decompressAuto(inPieces(bytes, 100_000)), MAX);
    const layer = { diffID: digestOfBytes(tar), compression: detectCompression(bytes) };
    return { digest, size: bytes.length, layer };
  };
  const sink: ArchiveSink = (member) => {
    seen.push(member);
    const result = store(member);
    return { drained: result.then(() => undefined), stored: result };
  };
  return { sink, stored, seen };
}

async function read(bytes: Uint8Array, options: PlanOptions = {}, pieces = 1 << 16): Promise<ArchivePlan> {
  return readImageArchive(inPieces(bytes, pieces), memorySink().sink, options);
}

type Member = {
  readonly name: string;
  readonly content?: Uint8Array | string | object;
} & Partial<TarEntryInit>;

async function tar(...members: readonly Member[]): Promise<Uint8Array> {
  const items = members.map(({ name, content, ...rest }) => {
    const bytes =
      content instanceof Uint8Array
        ? content
        : typeof content === 'string'
          ? new TextEncoder().encode(content)
          : content && writeJson(content);
    return { entry: { type: 'file' as const, ...rest, name }, ...(bytes && { body: bytes }) };
  });
  return collect(writeTar(items), MAX);
}

async function failure(promise: Promise<unknown>): Promise<WherryError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof WherryError) return error;
  throw error ?? new Error('nothing was thrown');
}

async function contentsOf(archive: Uint8Array): Promise<Map<string, Uint8Array>> {
  const contents = new Map<string, Uint8Array>();
  const decoder = new TextDecoder();
  for await (const { entry, body } of readTar(inPieces(archive, 1 << 16)))
    contents.set(decoder.decode(entry.name), await collect(body, MAX));
  return contents;
}

const json = (bytes: Uint8Array | undefined) => JSON.parse(new TextDecoder().decode(bytes));

/** `image` in the shape of `docker save` before 25. */
async function classicArchive(fixture: ReturnType<typeof makeImageFixture>, tags: readonly string[] | null) {
  const { config } = fixture.image;
  return tar(
    ...fixture.layers.map((layer, at) => ({ name: `layer${at}/layer.tar`, content: layer.tar })),
    { name: 'c.json', content: config.bytes },
    {
      name: 'manifest.json',
      content: [
        { Config: 'c.json', RepoTags: tags, Layers: fixture.layers.map((_, at) => `layer${at}/layer.tar`) },
      ],
    },
  );
}

describe.skipIf(!existsSync(SHARED))('archives that tools wrote', () => {
  interface Expected {
    readonly load: {
      readonly ok: boolean;
      readonly images?: { readonly id: string; readonly tags: string[]; readonly layers: string[] | null }[];
    };
  }
  const file = (name: string) => readFileSync(new URL(name, SHARED));
  const expected: Record<string, Expected> = existsSync(SHARED) ? json(file('expected.json')) : {};
  const cases = Object.entries(expected).map(([name, { load }]) => ({ name, load }));

  test.each(cases.filter(({ load }) => load.ok))(
    '$name: the images are those that docker loads',
    async ({ name, load }) => {
      for (const pieces of [1 << 16, 511]) {
        const plan = await read(file(name), {}, pieces);
        const documents = new Map(
          plan.documents.map((document) => [document.descriptor.digest, document.bytes]),
        );
        const images = plan.images.map(({ imageId, names, target }) => {
          const manifest = parseManifest(documents.get(target.digest)!);
          const diffIDs = json(documents.get(manifest.config.digest)).rootfs.diff_ids;
          expect(manifest.config.digest).toBe(imageId);
          expect(manifest.layers).toHaveLength(diffIDs?.length ?? 0);
          return { id: imageId, tags: names.map(familiarName), layers: diffIDs };
        });
        expect(images).toEqual(load.images!.map(({ id, tags, layers }) => ({ id, tags, layers })));
      }
    },
  );

  test.each([
    { name: 'oci-name-only.tar.gz', tags: ['pretty-empty:latest'], warnings: 0 },
    { name: 'oci-non-docker-name.tar.gz', tags: [], warnings: 1 },
    { name: 'test-oci-gzip-image.tar', tags: [], warnings: 0 },
    { name: 'test-oci-uncompressed-image.tar', tags: [], warnings: 0 },
  ])('$name: a layout is loaded as it is', async ({ name, tags, warnings }) => {
    const plan = await read(file(name));
    expect(plan.images).toHaveLength(1);
    expect(plan.images[0]!.names.map(familiarName)).toEqual(tags);
    expect(plan.images[0]!.imageId).toMatch(/^sha256:/);
    expect(plan.documents).toHaveLength(2);
    expect(plan.warnings).toHaveLength(warnings);
  });

  test.each(['empty.tar', 'test-gzip-image.tar'])('%s: no image archive', async (name) => {
    const error = await failure(read(file(name)));
    expect(error.code).toBe('INVALID_ARCHIVE');
    expect(error.message).toBe(
      'not an image archive: it has neither manifest.json, index.json nor repositories',
    );
    expect(error.hint).toContain('wherry import');
  });
});

describe('readImageArchive', () => {
  const fixture = makeImageFixture({ layers: [{ a: '1' }, { b: '2' }] });

  test.each([
    { name: 'plain', pack: (bytes: Uint8Array) => bytes },
    { name: 'gzip', pack: (bytes: Uint8Array) => gzipSync(bytes) },
  ])('reads an old archive, $name, split anywhere', async ({ pack }) => {
    const archive = pack(await classicArchive(fixture, ['a/b:1', 'c:2']));
    for (const pieces of [archive.length, 1, 509]) {
      const plan = await read(archive, {}, pieces);
      expect(plan.images.map(({ names }) => names.map(familiarName))).toEqual([['a/b:1', 'c:2']]);
      expect(plan.images[0]!.imageId).toBe(fixture.image.config.descriptor.digest);
      const manifest = parseManifest(plan.documents.at(-1)!.bytes);
      expect(manifest.layers).toEqual(
        fixture.layers.map(({ tar: bytes, diffID }) => ({
          mediaType: MEDIA_TYPES.ociLayer,
          digest: diffID,
          size: bytes.length,
        })),
      );
    }
  });

  test('stores layers while reading, before it knows what they are', async () => {
    const { sink, seen } = memorySink();
    await readImageArchive(inPieces(await classicArchive(fixture, null), 4096), sink);
    expect(seen.map(({ name, kind, size }) => ({ name, kind, size }))).toEqual(
      fixture.layers.map((layer, at) => ({
        name: `layer${at}/layer.tar`,
        kind: 'layer',
        size: layer.tar.length,
      })),
    );
  });

  test('keeps its documents when the memory of the chunk they came in is given back', async () => {
    const whole = Buffer.from(await classicArchive(fixture, null));
    async function* givenBack() {
      yield whole.subarray(0, 512);
      yield whole.subarray(512);
      whole.fill(0);
    }
    const plan = await readImageArchive(givenBack(), memorySink().sink);
    expect(plan.images).toHaveLength(1);
  });

  test('takes packed layers as they are', async () => {
    const packed = gzipSync(fixture.layers[0]!.tar);
    const one = makeImageFixture({ layers: [{ a: '1' }] });
    const plan = await read(
      await tar(
        { name: 'manifest.json', content: [{ Config: 'c', RepoTags: null, Layers: ['l.tar.gz'] }] },
        { name: 'c', content: one.image.config.bytes },
        { name: 'l.tar.gz', content: packed },
      ),
    );
    const manifest = parseManifest(plan.documents.at(-1)!.bytes);
    expect(manifest.layers).toEqual([
      { mediaType: MEDIA_TYPES.ociLayerGzip, digest: digestOfBytes(packed), size: packed.length },
    ]);
  });

  test('follows links between layers', async () => {
    const [first, second] = fixture.layers;
    const members: Member[] = [
      { name: './x/layer.tar', content: first!.tar },
      { name: 'y/layer.tar', type: 'symlink', link: '../x/./layer.tar' },
      { name: 'z/layer.tar', type: 'hardlink', link: 'w' },
      { name: 'w', content: second!.tar },
      { name: 'c.json', content: fixture.image.config.bytes },
      { name: 'manifest.json', content: [{ Config: 'c.json', Layers: ['y/layer.tar', 'z/layer.tar'] }] },
    ];
    expect((await read(await tar(...members))).images).toHaveLength(1);
  });

  test('takes an empty layer, and one that begins like JSON', async () => {
    const odd = makeImageFixture({ layers: [{ '{}': 'x' }], uncompressed: true });
    expect((await read(await classicArchive(odd, ['odd:1']))).images).toHaveLength(1);
    const empty = { rootfs: { type: 'layers', diff_ids: [digestOfBytes(new Uint8Array(0))] } };
    const archive = await tar(
      { name: 'c', content: empty },
      { name: 'l', content: '' },
      { name: 'manifest.json', content: [{ Config: 'c', Layers: ['l'] }] },
    );
    expect((await read(archive)).images).toHaveLength(1);
  });

  test('takes a layer that the store has for one the archive leaves out', async () => {
    const { descriptor, diffID } = fixture.layers[0]!;
    const archive = await tar(
      { name: 'c', content: { rootfs: { type: 'layers', diff_ids: [diffID] } } },
      { name: 'manifest.json', content: [{ Config: 'c', Layers: ['gone/layer.tar'] }] },
    );
    const known: StoredMember = {
      digest: descriptor.digest,
      size: descriptor.size,
      layer: { diffID, compression: 'gzip' },
    };
    const plan = await read(archive, { findLayer: (wanted) => (wanted === diffID ? known : undefined) });
    expect(parseManifest(plan.documents.at(-1)!.bytes).layers).toEqual([descriptor]);
    expect((await failure(read(archive))).message).toBe('open gone/layer.tar: no such file or directory');
  });

  test('keeps the manifest that a layout beside manifest.json has', async () => {
    const { image, blobs } = makeImageFixture({ names: ['app:1'] });
    const archive = await collect(
      writeDockerArchive([image], await storeOf([{ image, blobs, layers: [] }])),
      MAX,
    );
    const plan = await read(archive);
    expect(plan.images).toEqual([
      { names: image.names, imageId: image.config.descriptor.digest, target: image.manifest.descriptor },
    ]);
    expect(plan.documents.map(({ descriptor }) => descriptor.digest)).toEqual([
      image.manifest.descriptor.digest,
      image.config.descriptor.digest,
    ]);
  });

  test("warns of a layout's name that is a bare tag, unless manifest.json names the image", async () => {
    const { image, blobs } = makeImageFixture({ names: ['app:1'] });
    const store = await storeOf([{ image, blobs, layers: [] }]);
    const contents = await contentsOf(await collect(writeDockerArchive([image], store), MAX));
    const index = json(contents.get('index.json'));
    index.manifests[0].annotations = { 'org.opencontainers.image.ref.name': '1' };
    contents.set('index.json', writeJson(index));
    const members = [...contents].map(([name, content]) => ({ name, content }));
    const both = await read(await tar(...members));
    expect(both.images.map(({ names }) => names)).toEqual([image.names]);
    expect(both.warnings).toEqual([]);
    const alone = await read(await tar(...members.filter(({ name }) => name !== 'manifest.json')));
    expect(alone.warnings).toEqual(['"1" is a tag without a name: left out']);
  });

  const config = fixture.image.config.bytes;
  const layers = fixture.layers.map((layer, at) => ({ name: `${at}`, content: layer.tar }));
  const listing = (item: object) => ({ name: 'manifest.json', content: [item] });

  test.each<{ name: string; members: Member[]; code: string; message: string | RegExp }>([
    {
      name: 'a layer too few',
      members: [listing({ Config: 'c', Layers: ['0'] }), ...layers, { name: 'c', content: config }],
      code: 'INVALID_ARCHIVE',
      message: 'invalid manifest, layers length mismatch: expected 1, got 2',
    },
    {
      name: 'layers in the wrong order',
      members: [listing({ Config: 'c', Layers: ['1', '0'] }), ...layers, { name: 'c', content: config }],
      code: 'DIFF_ID_MISMATCH',
      message: `invalid diffID for layer 0: expected "${fixture.layers[0]!.diffID}", got "${fixture.layers[1]!.diffID}"`,
    },
    {
      name: 'no config',
      members: [listing({ Config: 'c.json', Layers: [] })],
      code: 'INVALID_ARCHIVE',
      message: 'open c.json: no such file or directory',
    },
    {
      name: 'a config outside',
      members: [listing({ Config: '../../etc/hostname', Layers: [] })],
      code: 'INVALID_ARCHIVE',
      message: 'member name "../../etc/hostname" leaves the archive',
    },
    {
      name: 'a bad tag',
      members: [
        listing({ Config: 'c', RepoTags: ['BAD:x'], Layers: ['0', '1'] }),
        ...layers,
        { name: 'c', content: config },
      ],
      code: 'INVALID_REFERENCE',
      message: 'invalid reference format: repository name (library/BAD) must be lowercase',
    },
    {
      name: 'a name without a tag',
      members: [
        listing({ Config: 'c', RepoTags: ['x'], Layers: ['0', '1'] }),
        ...layers,
        { name: 'c', content: config },
      ],
      code: 'INVALID_REFERENCE',
      message: 'invalid tag "x"',
    },
    {
      name: 'broken JSON',
      members: [{ name: 'manifest.json', content: '[{"Config" "c"}]' }],
      code: 'INVALID_DOCUMENT',
      message: /^manifest\.json: not JSON: /,
    },
    {
      name: 'JSON that stops early',
      members: [{ name: 'manifest.json', content: '[{"Config"' }],
      code: 'TRUNCATED',
      message: 'unexpected EOF',
    },
    {
      name: 'a config that is none',
      members: [listing({ Config: 'c', Layers: [] }), { name: 'c', content: {} }],
      code: 'INVALID_DOCUMENT',
      message: 'config: invalid image JSON, no RootFS key',
    },
    {
      name: 'a layer that is text',
      members: [
        listing({ Config: 'c', Layers: ['0', 't'] }),
        ...layers,
        { name: 'c', content: config },
        { name: 't', content: 'text' },
      ],
      code: 'INVALID_ARCHIVE',
      message: 'open t: no such file or directory',
    },
    {
      name: 'no image at all',
      members: [{ name: 'manifest.json', content: [] }],
      code: 'INVALID_ARCHIVE',
      message: 'the archive holds no image',
    },
    {
      name: 'a member outside',
      members: [{ name: 'a/../../b', content: 'x' }],
      code: 'INVALID_ARCHIVE',
      message: 'member name "a/../../b" leaves the archive',
    },
    {
      name: 'a member with a path from the root',
      members: [{ name: '/manifest.json', content: [] }],
      code: 'INVALID_ARCHIVE',
      message: 'member name "/manifest.json" leaves the archive',
    },
    {
      name: 'a link outside',
      members: [listing({ Config: 'c', Layers: [] }), { name: 'c', type: 'symlink', link: '../x' }],
      code: 'INVALID_ARCHIVE',
      message: 'link "c" to "../x" leaves the archive',
    },
    {
      name: 'links in a circle',
      members: [listing({ Config: 'c', Layers: [] }), { name: 'c', type: 'symlink', link: 'c' }],
      code: 'INVALID_ARCHIVE',
      message: 'too many links from "c"',
    },
    {
      name: 'a layout without its manifest',
      members: [{ name: 'index.json', content: { manifests: [fixture.image.manifest.descriptor] } }],
      code: 'INVALID_ARCHIVE',
      message: `${fixture.image.manifest.descriptor.digest} is missing: index.json names it`,
    },
    {
      name: 'a blob that is another',
      members: [{ name: layoutBlobPath(fixture.layers[0]!.diffID), content: fixture.layers[1]!.tar }],
      code: 'DIGEST_MISMATCH',
      message: /, want sha256:/,
    },
    {
      name: 'a document that is another',
      members: [
        { name: 'index.json', content: { manifests: [fixture.image.manifest.descriptor] } },
        {
          name: layoutBlobPath(fixture.image.manifest.descriptor.digest),
          content: new TextEncoder().encode(
            new TextDecoder().decode(fixture.image.manifest.bytes).replace('layers', 'LAYERS'),
          ),
        },
      ],
      code: 'DIGEST_MISMATCH',
      message: /, want sha256:/,
    },
    {
      name: 'a layout of the future',
      members: [
        { name: 'oci-layout', content: { imageLayoutVersion: '2' } },
        { name: 'index.json', content: { manifests: [] } },
      ],
      code: 'UNSUPPORTED',
      message: 'image layout version 2 is not supported, want 1.0.0',
    },
    {
      name: 'an old archive whose parents go in circles',
      members: [
        { name: 'repositories', content: { a: { b: 'a'.repeat(64) } } },
        { name: `${'a'.repeat(64)}/json`, content: { parent: 'a'.repeat(64) } },
      ],
      code: 'INVALID_ARCHIVE',
      message: /more than 1000 layers, or a circle of parents$/,
    },
    {
      name: 'an old archive with an odd ID',
      members: [{ name: 'repositories', content: { a: { b: '../x' } } }],
      code: 'INVALID_ARCHIVE',
      message: 'image ID "../x" is invalid, want 64 hexadecimal digits',
    },
  ])('refuses $name', async ({ members, code, message }) => {
    const error = await failure(read(await tar(...members)));
    expect({ code: error.code, message: error.message }).toEqual({
      code,
      message: typeof message === 'string' ? message : expect.stringMatching(message),
    });
  });

  test('fails with what storing a member fails with, when all of them have settled', async () => {
    const settled: string[] = [];
    const sink: ArchiveSink = ({ name, content }) => {
      const bytes = collect(content, MAX);
      const stored = bytes.then(async () => {
        await setImmediate();
        settled.push(name);
        if (name === 'layer0/layer.tar') throw new WherryError('NO_SPACE', 'disk full');
        return { digest: fixture.layers[1]!.diffID, size: 1 };
      });
      return { drained: bytes.then(() => undefined), stored };
    };
    const error = await failure(readImageArchive(inPieces(await classicArchive(fixture, null), 512), sink));
    expect(error.code).toBe('NO_SPACE');
    expect(settled).toEqual(['layer0/layer.tar', 'layer1/layer.tar']);
  });

  test('stops when told to', async () => {
    const archive = inPieces(await classicArchive(fixture, null), 512);
    const error = await failure(
      readImageArchive(archive, memorySink().sink, { signal: AbortSignal.abort() }),
    );
    expect(error.code).toBe('CANCELLED');
  });

  test('throws nothing but WherryErrors, wherever the archive is cut or changed', async () => {
    const archive = await classicArchive(fixture, ['a:1']);
    const change = fc.tuple(fc.nat(archive.length - 1), fc.nat(255), fc.nat(archive.length));
    await fc.assert(
      fc.asyncProperty(change, async ([at, byte, end]) => {
        const bytes = archive.slice(0, end);
        if (at < end) bytes[at] = byte;
        await read(bytes).catch((error: unknown) => expect(error).toBeInstanceOf(WherryError));
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});

describe('writeDockerArchive', () => {
  const base = { 'etc/base': 'base\n' };
  const app = makeImageFixture({ names: ['app:1', 'r.io/x/app:2'], layers: [base, { app: '1' }] });
  const tool = makeImageFixture({ layers: [base, { tool: '1' }], config: { Cmd: ['tool'] } });

  test('writes what docker save of today writes, in order, without times', async () => {
    const archive = await collect(
      writeDockerArchive([app.image, tool.image], await storeOf([app, tool])),
      MAX,
    );
    const entries = [];
    for await (const { entry } of readTar(inPieces(archive, 1 << 16))) entries.push(entry);
    const names = entries.map((entry) => new TextDecoder().decode(entry.name));
    const blobs = [...new Map([...app.blobs, ...tool.blobs]).keys()].map(layoutBlobPath).sort();
    expect(names).toEqual([
      'blobs/',
      'blobs/sha256/',
      ...blobs,
      'index.json',
      'manifest.json',
      'oci-layout',
      'repositories',
    ]);
    expect(entries.every((entry) => entry.mtime === 0 && entry.uid === 0 && entry.gid === 0)).toBe(true);

    const contents = await contentsOf(archive);
    for (const [digest, bytes] of [...app.blobs, ...tool.blobs])
      expect(contents.get(layoutBlobPath(digest))).toEqual(bytes);
    expect(json(contents.get('oci-layout'))).toEqual({ imageLayoutVersion: '1.0.0' });
    expect(json(contents.get('manifest.json'))).toEqual([
      {
        Config: layoutBlobPath(app.image.config.descriptor.digest),
        RepoTags: ['app:1', 'r.io/x/app:2'],
        Layers: app.image.layers.map((layer) => layoutBlobPath(layer.digest)),
      },
      {
        Config: layoutBlobPath(tool.image.config.descriptor.digest),
        RepoTags: null,
        Layers: tool.image.layers.map((layer) => layoutBlobPath(layer.digest)),
      },
    ]);
    const top = app.image.layers[1]!.digest.slice('sha256:'.length);
    expect(json(contents.get('repositories'))).toEqual({ app: { 1: top }, 'r.io/x/app': { 2: top } });
    const annotations = parseIndex(contents.get('index.json')!).manifests.map((entry) => entry.annotations);
    expect(annotations).toEqual([
      { 'io.containerd.image.name': 'docker.io/library/app:1', 'org.opencontainers.image.ref.name': '1' },
      { 'io.containerd.image.name': 'r.io/x/app:2', 'org.opencontainers.image.ref.name': '2' },
      undefined,
    ]);
  });

  test('writes the same bytes for the same images, and others for another order', async () => {
    const blobs = await storeOf([app, tool]);
    const write = (...images: (typeof app.image)[]) => collect(writeDockerArchive(images, blobs), MAX);
    expect(Buffer.compare(await write(app.image, tool.image), await write(app.image, tool.image))).toBe(0);
    expect(Buffer.compare(await write(app.image, tool.image), await write(tool.image, app.image))).not.toBe(
      0,
    );
  });

  test('is read back as the images that were written', async () => {
    const archive = await collect(
      writeDockerArchive([app.image, tool.image], await storeOf([app, tool])),
      MAX,
    );
    const plan = await read(archive);
    expect(plan.images).toEqual(
      [app, tool].map(({ image }) => ({
        names: image.names,
        imageId: image.config.descriptor.digest,
        target: image.manifest.descriptor,
      })),
    );
  });

  test('writes plain tars on request, and a manifest that names them', async () => {
    const archive = await collect(
      writeDockerArchive([app.image], await storeOf([app]), { uncompressed: true }),
      MAX,
    );
    const contents = await contentsOf(archive);
    const [item] = json(contents.get('manifest.json'));
    expect(item.Layers).toEqual(app.layers.map((layer) => layoutBlobPath(layer.diffID)));
    for (const layer of app.layers) {
      const blob = app.blobs.get(layer.descriptor.digest)!;
      expect(Buffer.from(contents.get(layoutBlobPath(layer.diffID))!)).toEqual(gunzipSync(blob));
    }
    const [image] = (await read(archive)).images;
    expect(image!.imageId).toBe(app.image.config.descriptor.digest);
    expect(
      parseManifest(contents.get(layoutBlobPath(image!.target.digest))!).layers.map((layer) => layer.digest),
    ).toEqual(app.layers.map((layer) => layer.diffID));
  });

  test('saves a whole index, and gives it back', async () => {
    const ARM: { os: string; architecture: string } = { os: 'linux', architecture: 'arm64' };
    const arm = makeImageFixture({ layers: [{ arm: '1' }], platform: ARM });
    const amd = makeImageFixture({ names: ['multi:1'], layers: [{ amd: '1' }] });
    const document = makeIndexFixture([
      { fixture: amd, platform: { os: 'linux', architecture: 'amd64' } },
      { fixture: arm, platform: ARM },
    ]);
    const contents = [...amd.blobs, ...arm.blobs].map(([digest, bytes]) => ({ digest, size: bytes.length }));
    const blobs = await storeOf([amd, arm], [document]);
    const archive = await collect(
      writeDockerArchive([{ ...amd.image, index: { document, contents } }], blobs),
      MAX,
    );
    const plan = await read(archive);
    expect(plan.images).toEqual([
      {
        names: [parseReference('multi:1')],
        imageId: amd.image.config.descriptor.digest,
        target: document.descriptor,
      },
    ]);
    expect(plan.documents).toHaveLength(5);
  });

  test('fails when a blob is gone', async () => {
    const error = await failure(collect(writeDockerArchive([app.image], await storeOf([])), MAX));
    expect(error.code).toBe('BLOB_UNKNOWN');
  });

  test('writes an image without layers', async () => {
    const bare = makeImageFixture({ names: ['bare:1'], layers: [] });
    const contents = await contentsOf(
      await collect(writeDockerArchive([bare.image], await storeOf([bare])), MAX),
    );
    expect(json(contents.get('manifest.json'))[0].Layers).toEqual([]);
    expect(contents.has('repositories')).toBe(false);
  });
});
