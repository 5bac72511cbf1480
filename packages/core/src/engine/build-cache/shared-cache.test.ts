import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseManifest } from '../../oci/manifest.ts';
import { MEDIA_TYPES } from '../../oci/media-types.ts';
import { buildDirectory, loadBase, stepFates, writeContext } from '../../testing/build-context.ts';
import { EngineSandbox, nameAt, requestsOf, serveImage } from '../../testing/engine-sandbox.ts';
import { makeImageFixture } from '../../testing/image-fixtures.ts';
import { type MemoryRegistry, startMemoryRegistry } from '../../testing/memory-registry.ts';
import type { BuildCachePlace, BuildRequest } from '../build-request.ts';
import type { Engine } from '../engine.ts';
import { parseCacheDocument, writeCacheDocument } from './cache-document.ts';

const BASE = { names: ['base:1'], layers: [{ 'etc/base': 'base' }] };
const FILES = {
  Dockerfile:
    'FROM base:1 AS build\nCOPY a.txt /made/\nCOPY b.txt /made/\nFROM base:1\nCOPY --from=build /made /app\nCOPY b.txt /\n',
  'a.txt': 'a',
  'b.txt': 'b',
};

const engines = new WeakMap<EngineSandbox, Engine>();
let registry: MemoryRegistry;
let first: EngineSandbox;
beforeEach(async () => {
  registry = await startMemoryRegistry();
  first = new EngineSandbox();
});
afterEach(async () => {
  await first[Symbol.asyncDispose]();
  await registry[Symbol.asyncDispose]();
});

/** Builds in a sandbox, on a base that it has. */
async function build(
  sandbox: EngineSandbox,
  request: Partial<BuildRequest> = {},
  files: Readonly<Record<string, string>> = FILES,
) {
  const engine = engines.get(sandbox) ?? sandbox.engine();
  if (!engines.has(sandbox)) await loadBase(engine, BASE);
  engines.set(sandbox, engine);
  const result = await buildDirectory(engine, writeContext(sandbox.path('context'), files), request);
  return {
    ...result,
    // Stages go on at the same time.
    fates: stepFates(result.events).sort(),
    warnings: result.said('build-warning').map(({ message }) => message),
  };
}

function places(): { readonly name: string; readonly place: () => BuildCachePlace }[] {
  return [
    { name: 'a registry', place: () => ({ kind: 'registry', ref: nameAt(registry, 'team/cache:1') }) },
    { name: 'a layout', place: () => ({ kind: 'local', path: first.path('cache') }) },
  ];
}

describe('a cache that stores share', () => {
  test.each(places())('in $name saves another machine all steps', async ({ place }) => {
    const made = await build(first, { cacheTo: [{ place: place(), mode: 'max' }] });
    await using second = new EngineSandbox();
    const { id, events, fates, warnings } = await build(second, { cacheFrom: [place()], explain: true });
    expect(id).toBe(made.id);
    expect(fates).toEqual(['cached', 'cached', 'cached', 'cached', 'done', 'done']);
    expect(warnings).toEqual([]);
    const explanations = events.flatMap((event) =>
      event.kind === 'build-step-cached' ? event.explanation : [],
    );
    expect(new Set(explanations).size).toBe(1);
    expect(explanations[0]).toMatch(/^imported from .*(team\/cache:1|\/cache)$/);
    // From then on it needs no other.
    expect((await build(second)).fates).toEqual(fates);
    expect((await second.engine().check()).faults).toEqual([]);
    expect((await first.engine().check()).faults).toEqual([]);
  });

  test('has only the layers of the result, if that is what was asked for', async () => {
    const place: BuildCachePlace = { kind: 'registry', ref: nameAt(registry, 'team/cache:1') };
    await build(first, { cacheTo: [{ place, mode: 'min' }] });
    const manifest = parseManifest(registry.manifest('team/cache', '1')!);
    expect(manifest.config.mediaType).toBe(MEDIA_TYPES.wherryBuildCache);
    expect(manifest.layers.map(({ mediaType }) => mediaType)).toEqual(
      Array(2).fill(MEDIA_TYPES.ociLayerGzip),
    );
    await using second = new EngineSandbox();
    const { fates } = await build(second, { cacheFrom: [place] });
    expect(fates).toEqual(['cached', 'cached', 'done', 'done', 'done', 'done']);
  });

  test('is asked for what is used alone, and only when the own cache has nothing', async () => {
    const place: BuildCachePlace = { kind: 'registry', ref: nameAt(registry, 'team/cache:1') };
    await build(first, { cacheTo: [{ place, mode: 'max' }] });
    await using second = new EngineSandbox();
    const from = registry.requests.length;
    const files = { ...FILES, Dockerfile: FILES.Dockerfile.replace('COPY b.txt /\n', 'COPY a.txt /b.txt\n') };
    await build(second, { cacheFrom: [place] }, files);
    // What is copied from the context is here by then: the manifest, the config and the one layer that is of use.
    expect(requestsOf(registry, from)).toEqual(['GET manifest', 'GET blob', 'GET blob']);
    await build(second, { cacheFrom: [place] }, files);
    expect(requestsOf(registry, from)).toHaveLength(3);
  });

  test('sends no layer twice, and says nothing of what steps were made of', async () => {
    const place: BuildCachePlace = { kind: 'registry', ref: nameAt(registry, 'team/cache:1') };
    const cacheTo = [{ place, mode: 'max' }] as const;
    const secret = { Dockerfile: 'FROM base:1\nARG TOKEN\nENV T=$TOKEN\nCOPY a.txt /\n', 'a.txt': 'a' };
    await build(first, { cacheTo, buildArgs: { TOKEN: 'hush' } }, secret);
    const before = parseManifest(registry.manifest('team/cache', '1')!);
    const text = Buffer.from(registry.blob(before.config.digest)!).toString();
    expect(text).not.toMatch(/hush|TOKEN|a\.txt/);
    const from = registry.requests.length;
    const files = { ...secret, Dockerfile: `${secret.Dockerfile}COPY a.txt /b\n` };
    await build(first, { cacheTo, buildArgs: { TOKEN: 'hush' } }, files);
    const uploads = requestsOf(registry, from).filter((request) => request === 'POST uploads');
    // The new layer and the new config.
    expect(uploads).toHaveLength(2);
    expect(parseManifest(registry.manifest('team/cache', '1')!).layers).toContainEqual(before.layers[0]);
    expect(first.contents().filter((path) => path.startsWith('ingests'))).toEqual([]);
  });

  test.each([
    { name: 'is not there', setUp: () => undefined, warning: /^cache .*team\/cache:1: / },
    {
      name: 'is damaged',
      setUp: () => {
        const config = registry.addBlob(
          'team/cache',
          Buffer.from('{"version":1,"layers":[],"records":[{}]}'),
        );
        registry.addManifest('team/cache', '1', {
          schemaVersion: 2,
          mediaType: MEDIA_TYPES.ociManifest,
          config: { ...config, mediaType: MEDIA_TYPES.wherryBuildCache },
          layers: [],
        });
      },
      warning: /^cache .*team\/cache:1: cache\.records\[0\]\.key: missing/,
    },
  ])('does no harm where it $name', async ({ setUp, warning }) => {
    setUp();
    const { warnings, id } = await build(first, {
      cacheFrom: [{ kind: 'registry', ref: nameAt(registry, 'team/cache:1') }],
    });
    expect(id).toBeDefined();
    expect(warnings).toEqual([expect.stringMatching(warning)]);
  });

  test('may be an image or a layout of others, which has nothing', async () => {
    serveImage(registry, 'team/app', '1', makeImageFixture());
    const { warnings } = await build(first, {
      cacheFrom: [{ kind: 'registry', ref: nameAt(registry, 'team/app:1') }],
    });
    expect(warnings).toEqual([]);
  });

  test('that breaks off in a layer is a warning, and the step runs', async () => {
    const place: BuildCachePlace = { kind: 'local', path: first.path('cache') };
    const made = await build(first, { cacheTo: [{ place, mode: 'max' }] });
    const blobs = first.path('cache/blobs/sha256');
    for (const name of readdirSync(blobs)) {
      const content = readFileSync(`${blobs}/${name}`);
      if (content[0] === 0x1f) writeFileSync(`${blobs}/${name}`, content.fill(0, 20));
    }
    await using second = new EngineSandbox();
    const { id, warnings } = await build(second, { cacheFrom: [place] });
    expect(id).toBe(made.id);
    expect(warnings).toHaveLength(1);
    rmSync(first.path('cache'), { recursive: true });
    await using third = new EngineSandbox();
    const gone = await build(third, { cacheFrom: [place] });
    expect(gone.warnings).toEqual([expect.stringMatching(/cache: .*no such file or directory/)]);
  });

  test('that cannot be written fails the build, or not where nobody minds', async () => {
    registry.addFault({ on: 'PUT manifest', times: 10, status: 403 });
    const place: BuildCachePlace = { kind: 'registry', ref: nameAt(registry, 'team/cache:1') };
    await expect(build(first, { cacheTo: [{ place, mode: 'min' }] })).rejects.toMatchObject({
      code: 'DENIED',
    });
    const { id, warnings } = await build(first, { cacheTo: [{ place, mode: 'min', ignoreError: true }] });
    expect(id).toBeDefined();
    expect(warnings).toEqual([expect.stringMatching(/team\/cache:1 was not written: /)]);
  });
});

describe('the document of a cache', () => {
  const key = 'a'.repeat(64);
  const layer = `sha256:${'b'.repeat(64)}`;

  test('reads back what was written, in any order', () => {
    const steps = [
      { key: 'c'.repeat(64), kind: 'regular', layer },
      { key, kind: 'source.local', layer },
      { key: 'b'.repeat(64), kind: 'regular' },
    ] as never[];
    const { config } = writeCacheDocument(steps);
    expect(writeCacheDocument([...steps].reverse()).config).toEqual(config);
    const read = parseCacheDocument(config.bytes);
    expect(read.layers).toEqual([layer]);
    expect(read.steps.map((step) => [step.key[0], step.kind, step.layer])).toEqual([
      ['a', 'source.local', layer],
      ['b', 'regular', undefined],
      ['c', 'regular', layer],
    ]);
  });

  test.each([
    { name: 'another version', document: { version: 2 }, message: 'cache.version: want 1' },
    { name: 'a short key', record: { key: 'ab', kind: 'regular' }, message: /key: want 64/ },
    { name: 'a kind that nobody knows', record: { key, kind: 'x' }, message: /kind: "x" is no kind of step/ },
    {
      name: 'a layer that is none',
      record: { key, kind: 'regular', layer: 1 },
      message: /layer: there is no/,
    },
    { name: 'a layer by name', record: { key, kind: 'regular', layer: '0' }, message: /layer/ },
  ])('is refused with $name', ({ document, record, message }) => {
    const given = document ?? { version: 1, layers: [layer], records: [record] };
    const parse = () => parseCacheDocument(Buffer.from(JSON.stringify(given)));
    expect(parse).toThrow(message);
  });
});
