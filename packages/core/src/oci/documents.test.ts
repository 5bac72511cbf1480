import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Digest } from '../digest.ts';
import { WherryError } from '../errors.ts';
import type { Platform } from '../platform.ts';
import { descriptorToJson, readDescriptor } from './descriptor.ts';
import { imagePlatform, parseImageConfig } from './image-config.ts';
import {
  documentChildren,
  imageEntries,
  isAttestation,
  parseIndex,
  resolvePlatform,
} from './index-document.ts';
import { checkLayoutFile, digestOfBlobPath, LAYOUT_CONTENT, layoutBlobPath } from './layout.ts';
import { documentMediaType, parseManifest } from './manifest.ts';
import {
  isConfigType,
  isForeignLayerType,
  isIndexType,
  isLayerType,
  isManifestType,
  MEDIA_TYPES,
} from './media-types.ts';

const digest = (digit: string) => `sha256:${digit.repeat(64)}` as Digest;
const bytesOf = (value: unknown) =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
const layer = { mediaType: MEDIA_TYPES.ociLayerGzip, digest: digest('b'), size: 3 };
const config = { mediaType: MEDIA_TYPES.ociConfig, digest: digest('a'), size: 2 };
const manifest = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociManifest, config, layers: [layer] };
const entry = (platform: Platform | undefined, digit: string) => ({
  mediaType: MEDIA_TYPES.ociManifest,
  digest: digest(digit),
  size: 7,
  ...(platform && { platform }),
});
const AMD64: Platform = { os: 'linux', architecture: 'amd64' };
const ARM64: Platform = { os: 'linux', architecture: 'arm64' };

function failure(run: () => unknown): WherryError {
  try {
    run();
  } catch (error) {
    if (error instanceof WherryError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('media types', () => {
  test.each([
    { type: MEDIA_TYPES.ociIndex, is: 'index' },
    { type: MEDIA_TYPES.dockerManifestList, is: 'index' },
    { type: MEDIA_TYPES.ociManifest, is: 'manifest' },
    { type: MEDIA_TYPES.dockerManifest, is: 'manifest' },
    { type: MEDIA_TYPES.ociConfig, is: 'config' },
    { type: MEDIA_TYPES.dockerConfig, is: 'config' },
    { type: MEDIA_TYPES.ociLayer, is: 'layer' },
    { type: MEDIA_TYPES.ociLayerZstd, is: 'layer' },
    { type: MEDIA_TYPES.dockerLayerGzip, is: 'layer' },
    { type: MEDIA_TYPES.dockerLayerZstd, is: 'layer' },
    { type: MEDIA_TYPES.dockerForeignLayer, is: 'layer foreign' },
    { type: 'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd', is: 'layer foreign' },
    { type: 'application/vnd.in-toto+json', is: '' },
    { type: '', is: '' },
  ])('$type is "$is"', ({ type, is }) => {
    const kinds = [
      isIndexType(type) && 'index',
      isManifestType(type) && 'manifest',
      isConfigType(type) && 'config',
      isLayerType(type) && 'layer',
      isForeignLayerType(type) && 'foreign',
    ];
    expect(kinds.filter(Boolean).join(' ')).toBe(is);
  });
});

describe('parseManifest', () => {
  test('reads config and layers', () => {
    expect(parseManifest(bytesOf(manifest))).toEqual({
      mediaType: MEDIA_TYPES.ociManifest,
      config,
      layers: [layer],
    });
  });

  test('takes null for absent, and OCI for what does not say its type', () => {
    const read = parseManifest(
      bytesOf({ schemaVersion: 2, config, layers: null, annotations: null, subject: null }),
    );
    expect(read).toEqual({ mediaType: MEDIA_TYPES.ociManifest, config, layers: [] });
  });

  test.each([
    {
      name: 'text that is no JSON',
      document: '{',
      code: 'INVALID_DOCUMENT',
      message: /^manifest: not JSON: /,
    },
    { name: 'a list', document: [], code: 'INVALID_DOCUMENT', message: 'manifest: a list, want an object' },
    {
      name: 'no config',
      document: { schemaVersion: 2 },
      code: 'INVALID_DOCUMENT',
      message: 'manifest.config: missing',
    },
    {
      name: 'a negative size',
      document: { ...manifest, layers: [layer, { ...layer, size: -1 }] },
      code: 'INVALID_DOCUMENT',
      message: 'manifest.layers[1].size: -1, want a number of bytes',
    },
    {
      name: 'a size past what numbers hold',
      document: { ...manifest, layers: [{ ...layer, size: 2 ** 60 }] },
      code: 'INVALID_DOCUMENT',
      message: 'manifest.layers[0].size: 1152921504606847000, want a number of bytes',
    },
    {
      name: 'a size in quotes',
      document: { ...manifest, config: { ...config, size: '2' } },
      code: 'INVALID_DOCUMENT',
      message: 'manifest.config.size: a string, want a number of bytes',
    },
    {
      name: 'a digest that is none',
      document: { ...manifest, config: { ...config, digest: 'sha256:ab' } },
      code: 'INVALID_DOCUMENT',
      message: /^manifest\.config\.digest: invalid checksum digest length/,
    },
    {
      name: 'a digest of an unknown algorithm',
      document: { ...manifest, config: { ...config, digest: 'blake3:ab' } },
      code: 'UNSUPPORTED',
      message: 'manifest.config.digest: unsupported digest algorithm',
    },
    {
      name: 'an index',
      document: { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [] },
      code: 'INVALID_DOCUMENT',
      message: /is not an image manifest$/,
    },
    {
      name: 'what is a manifest and an index',
      document: { ...manifest, manifests: [] },
      code: 'INVALID_DOCUMENT',
      message: 'manifest.manifests: only an index can have it',
    },
    {
      name: 'too many layers',
      document: { ...manifest, layers: new Array(10_001).fill(0) },
      code: 'INVALID_DOCUMENT',
      message: 'manifest.layers: 10001 entries, want 10000 at most',
    },
    {
      name: 'what is nested without end',
      document: `{"x":${'['.repeat(100_000)}`,
      code: 'INVALID_DOCUMENT',
      message: 'manifest: nested deeper than 64 levels',
    },
    {
      name: 'schema 1',
      document: { schemaVersion: 1, name: 'x', fsLayers: [] },
      code: 'UNSUPPORTED',
      message: /schema 1 is no longer supported/,
    },
    {
      name: 'signed schema 1',
      document: { schemaVersion: 2, mediaType: MEDIA_TYPES.dockerSchema1Signed },
      code: 'UNSUPPORTED',
      message: /schema 1/,
    },
  ])('refuses $name', ({ document, code, message }) => {
    const error = failure(() => parseManifest(bytesOf(document)));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  test('refuses more bytes than any manifest has', () => {
    const error = failure(() => parseManifest(new Uint8Array((16 << 20) + 1)));
    expect(error.message).toBe('manifest: 16777217 bytes, want 16777216 at most');
  });

  test('brackets in texts are no nesting', () => {
    const text = '["\\" [[{{'.repeat(1000);
    expect(parseManifest(bytesOf({ ...manifest, annotations: { text } })).annotations).toEqual({ text });
  });

  test('throws nothing but WherryErrors, whatever the document', () => {
    const hostile = fc.oneof(
      fc.json(),
      fc
        .record(
          { config: fc.anything(), layers: fc.anything(), manifests: fc.anything() },
          { requiredKeys: [] },
        )
        .map((value) => JSON.stringify(value, (_, each) => (typeof each === 'bigint' ? 0 : each))),
    );
    fc.assert(
      fc.property(hostile, (text) => {
        for (const parse of [parseManifest, parseIndex, parseImageConfig, documentMediaType])
          try {
            parse(bytesOf(text));
          } catch (error) {
            expect(error).toBeInstanceOf(WherryError);
          }
      }),
      { seed: 1, numRuns: 300 },
    );
  });
});

describe('descriptors', () => {
  test('read back what is written', () => {
    const full = {
      mediaType: 'a/b',
      artifactType: 'c/d',
      digest: digest('1'),
      size: 0,
      urls: ['https://example.com/x'],
      annotations: { a: 'b' },
      platform: { architecture: 'arm', os: 'linux', 'os.version': '1', variant: 'v7' },
    };
    const read = readDescriptor(full, 'x');
    expect(read.platform).toEqual({ os: 'linux', architecture: 'arm', osVersion: '1', variant: 'v7' });
    expect(descriptorToJson(read)).toEqual(full);
  });

  test('have no platform when it says nothing', () => {
    expect(readDescriptor({ ...layer, platform: {} }, 'x')).toEqual(layer);
  });
});

describe('parseIndex', () => {
  test('takes null for no manifests, as some archives have it', () => {
    expect(parseIndex(bytesOf({ schemaVersion: 2, manifests: null })).manifests).toEqual([]);
  });

  test.each([
    { name: 'no list', document: { schemaVersion: 2 }, message: 'index.manifests: missing' },
    {
      name: 'layers',
      document: { manifests: [], layers: [] },
      message: 'index.layers: only a manifest can have it',
    },
    { name: 'a manifest', document: manifest, message: /is not an index$/ },
  ])('refuses $name', ({ document, message }) => {
    expect(failure(() => parseIndex(bytesOf(document))).message).toMatch(message);
  });
});

describe('resolvePlatform', () => {
  const attestation = {
    ...entry({ os: 'unknown', architecture: 'unknown' }, '9'),
    annotations: {
      'vnd.docker.reference.type': 'attestation-manifest',
      'vnd.docker.reference.digest': digest('1'),
    },
  };
  const index = parseIndex(bytesOf({ manifests: [attestation, entry(AMD64, '1'), entry(ARM64, '2')] }));

  test.each([
    { name: 'the platform that is wanted', wanted: ARM64, chosen: digest('2') },
    { name: 'the machine’s own when none is wanted', wanted: undefined, chosen: digest('1') },
  ])('chooses $name', ({ wanted, chosen }) => {
    expect(resolvePlatform(index, wanted, AMD64).digest).toBe(chosen);
  });

  test('says what there is when nothing fits', () => {
    const error = failure(() => resolvePlatform(index, { os: 'linux', architecture: 's390x' }, AMD64));
    expect(error.code).toBe('PLATFORM_UNKNOWN');
    expect(error.message).toBe('no matching manifest for linux/s390x in the manifest list entries');
    expect(error.hint).toBe(
      'the image is there for linux/amd64, linux/arm64: take one with --platform linux/amd64',
    );
  });

  test('takes an entry that says no platform, when none fits better', () => {
    const silent = parseIndex(
      bytesOf({ manifests: [attestation, entry(undefined, '3'), entry(ARM64, '2')] }),
    );
    expect(resolvePlatform(silent, AMD64, AMD64).digest).toBe(digest('3'));
    expect(resolvePlatform(silent, ARM64, AMD64).digest).toBe(digest('2'));
  });

  test('never takes an attestation', () => {
    const only = parseIndex(bytesOf({ manifests: [attestation, { ...attestation, platform: undefined }] }));
    expect(only.manifests.every(isAttestation)).toBe(true);
    expect(imageEntries(only)).toEqual([]);
    const error = failure(() => resolvePlatform(only, { os: 'unknown', architecture: 'unknown' }, AMD64));
    expect(error.hint).toBe('the index holds no image');
  });

  test('passes over entries that are no images', () => {
    const odd = parseIndex(
      bytesOf({ manifests: [{ ...entry(AMD64, '4'), mediaType: 'text/plain' }, entry(AMD64, '5')] }),
    );
    expect(resolvePlatform(odd, AMD64, AMD64).digest).toBe(digest('5'));
  });
});

describe('parseImageConfig', () => {
  const image = {
    architecture: 'amd64',
    os: 'linux',
    created: '2021-08-31T01:20:48.414661265Z',
    config: { Env: ['A=1'], Cmd: null, Labels: { a: 'b' }, Special: 1 },
    container_config: { Hostname: 'x' },
    rootfs: { type: 'layers', diff_ids: [digest('c')] },
    history: [{ created_by: 'ADD', comment: null }, { empty_layer: true }],
  };

  test('keeps unknown fields and drops nulls', () => {
    expect(parseImageConfig(bytesOf({ ...image, author: null }))).toEqual({
      ...image,
      config: { Env: ['A=1'], Labels: { a: 'b' }, Special: 1 },
      history: [{ created_by: 'ADD' }, { empty_layer: true }],
    });
  });

  test('takes an image without layers, and one that does not say its system', () => {
    const read = parseImageConfig(bytesOf({ rootfs: { type: 'layers', diff_ids: null } }));
    expect(read).toEqual({ architecture: '', os: '', rootfs: { type: 'layers', diff_ids: [] } });
    expect(imagePlatform(read)).toEqual({ os: 'linux', architecture: '' });
  });

  test.each([
    { name: 'no rootfs', document: {}, message: 'config: invalid image JSON, no RootFS key' },
    {
      name: 'a diffID that is none',
      document: { rootfs: { diff_ids: ['x'] } },
      message: /^config\.rootfs\.diff_ids\[0\]: invalid digest format/,
    },
    {
      name: 'Env that is no list',
      document: { ...image, config: { Env: 'A=1' } },
      message: 'config.config.Env: a string, want a list',
    },
    {
      name: 'a label that is no text',
      document: { ...image, config: { Labels: { a: 1 } } },
      message: 'config.config.Labels["a"]: a number, want a text',
    },
    {
      name: 'a history that is odd',
      document: { ...image, history: [{ empty_layer: 'yes' }] },
      message: 'config.history[0].empty_layer: want true or false',
    },
  ])('refuses $name', ({ document, message }) => {
    const error = failure(() => parseImageConfig(bytesOf(document)));
    expect(error.code).toBe('INVALID_DOCUMENT');
    expect(error.message).toMatch(message);
  });
});

describe('documents as stored', () => {
  test('name their children', () => {
    expect(documentChildren(MEDIA_TYPES.ociManifest, bytesOf(manifest))).toEqual([config, layer]);
    expect(documentChildren(MEDIA_TYPES.ociIndex, bytesOf({ manifests: [entry(AMD64, '1')] }))).toEqual([
      entry(AMD64, '1'),
    ]);
    expect(documentChildren('text/plain', bytesOf('anything'))).toEqual([]);
  });

  test.each([
    {
      name: 'its own',
      document: { ...manifest, mediaType: MEDIA_TYPES.dockerManifest },
      type: MEDIA_TYPES.dockerManifest,
    },
    { name: 'a manifest’s for what has a config', document: { config }, type: MEDIA_TYPES.ociManifest },
    { name: 'an index’s for what has manifests', document: { manifests: [] }, type: MEDIA_TYPES.ociIndex },
  ])('have a media type: $name', ({ document, type }) => {
    expect(documentMediaType(bytesOf(document))).toBe(type);
  });

  test('lie in a layout under their digests', () => {
    expect(layoutBlobPath(digest('a'))).toBe(`blobs/sha256/${'a'.repeat(64)}`);
    expect(digestOfBlobPath(layoutBlobPath(digest('a')))).toBe(digest('a'));
    for (const path of [
      'blobs/sha256/ab',
      'index.json',
      `blobs/md5/${'a'.repeat(32)}`,
      `x/blobs/sha256/${'a'.repeat(64)}`,
    ])
      expect(digestOfBlobPath(path)).toBeUndefined();
  });

  test('are of a layout that says a version we know', () => {
    checkLayoutFile(bytesOf(LAYOUT_CONTENT));
    expect(failure(() => checkLayoutFile(bytesOf({ imageLayoutVersion: '2.0.0' }))).code).toBe('UNSUPPORTED');
    expect(failure(() => checkLayoutFile(bytesOf({}))).code).toBe('INVALID_DOCUMENT');
  });
});
