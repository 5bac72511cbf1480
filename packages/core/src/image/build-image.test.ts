import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseImageConfig } from '../oci/image-config.ts';
import { sortedByKey, writeJson } from '../oci/json.ts';
import { parseManifest } from '../oci/manifest.ts';
import { MEDIA_TYPES } from '../oci/media-types.ts';
import {
  describeDocument,
  digestOfBytes,
  makeConfig,
  makeManifest,
  type NewImage,
  UNSEALED_ANNOTATION,
} from './build-image.ts';
import { applyChanges } from './change.ts';
import { legacyConfig, legacyHistory } from './legacy-config.ts';

const GOLDEN = new URL('../../../../../shared/golden/import.json', import.meta.url);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const diffID = digestOfBytes(new Uint8Array(1024));

const IMAGE: NewImage = {
  created: new Date('2026-01-02T03:04:05.600Z'),
  platform: { os: 'linux', architecture: 'arm64', variant: 'v8' },
  config: { Labels: { b: '2', a: '<1>' }, Cmd: ['sh'] },
  diffIDs: [diffID],
  comment: 'Imported from -',
};

describe('makeConfig', () => {
  test('writes what docker import writes, in its order', () => {
    const { bytes, descriptor } = makeConfig(IMAGE);
    expect(descriptor).toEqual({
      mediaType: MEDIA_TYPES.ociConfig,
      digest: digestOfBytes(bytes),
      size: bytes.length,
    });
    const config = JSON.parse(text(bytes));
    expect(Object.keys(config)).toEqual([
      'comment',
      'created',
      'container_config',
      'config',
      'architecture',
      'variant',
      'os',
      'rootfs',
      'history',
    ]);
    expect(config.created).toBe('2026-01-02T03:04:05.6Z');
    expect(config.history).toEqual([{ created: '2026-01-02T03:04:05.6Z', comment: 'Imported from -' }]);
    expect(text(bytes)).toContain(String.raw`"Labels":{"a":"\u003c1\u003e","b":"2"}`);
    expect(parseImageConfig(bytes).rootfs.diff_ids).toEqual([diffID]);
  });

  test('writes the same bytes whatever the order of labels', () => {
    const other = { ...IMAGE, config: { Cmd: ['sh'], Labels: { a: '<1>', b: '2' } } };
    expect(makeConfig(other).descriptor).toEqual(makeConfig(IMAGE).descriptor);
  });

  test.skipIf(!existsSync(GOLDEN))('agrees with the recording of docker import', () => {
    const file = JSON.parse(readFileSync(GOLDEN, 'utf8'));
    const recorded = (file.cases ?? file).find((each: { name: string }) => each.name === 'change-message')
      .effects.inspect;
    const config = applyChanges({}, ['CMD ["/etc/hello"]', 'ENV A=1']);
    const made = JSON.parse(text(makeConfig({ ...IMAGE, config, comment: 'imported' }).bytes));
    expect(made.config).toEqual(recorded.Config);
    expect(Object.keys(made.config)).toEqual(Object.keys(recorded.Config));
    expect(made.container_config).toEqual(recorded.ContainerConfig);
    expect(made.comment).toBe(recorded.Comment);
  });
});

describe('makeManifest', () => {
  const { descriptor: config } = makeConfig(IMAGE);

  test('names its config and layers', () => {
    const layer = { mediaType: MEDIA_TYPES.ociLayerGzip, digest: diffID, size: 1024 };
    const manifest = makeManifest(config, [layer]);
    expect(parseManifest(manifest.bytes)).toEqual({
      mediaType: MEDIA_TYPES.ociManifest,
      config,
      layers: [layer],
    });
    expect(manifest).toEqual(describeDocument(MEDIA_TYPES.ociManifest, manifest.bytes));
  });

  test('marks a manifest of plain layers, which the first push compresses', () => {
    const layer = { mediaType: MEDIA_TYPES.ociLayer, digest: diffID, size: 1024 };
    const { annotations } = parseManifest(makeManifest(config, [layer]).bytes);
    expect(annotations).toEqual({ [UNSEALED_ANNOTATION]: 'true' });
  });
});

describe('documents that Docker would write', () => {
  test('have its escapes', () => {
    expect(text(writeJson({ a: '<&>\u2028"é' }))).toBe(String.raw`{"a":"\u003c\u0026\u003e\u2028\"é"}`);
  });

  test('have keys in the order of their bytes', () => {
    expect(Object.keys(sortedByKey({ '\u{1F600}': 1, '\uFFFD': 2, b: 3, B: 4, '': 5, bb: 6 }))).toEqual([
      '',
      'B',
      'b',
      'bb',
      '\uFFFD',
      '\u{1F600}',
    ]);
  });
});

describe('the oldest archives', () => {
  const v1 = {
    id: 'x',
    parent: 'y',
    Size: 5,
    os: 'linux',
    created: '2015-01-02T03:04:05.100Z',
    author: 'me',
    container_config: { Cmd: ['/bin/sh', '-c', 'ls'] },
    odd: 1,
  };

  test('give their fields to the config, what belongs to the layer aside', () => {
    const config = JSON.parse(text(legacyConfig({ ...v1, docker_version: '1.9.0' }, [diffID], [{}])));
    expect(config).toEqual({
      os: 'linux',
      created: v1.created,
      author: 'me',
      container_config: v1.container_config,
      odd: 1,
      docker_version: '1.9.0',
      rootfs: { type: 'layers', diff_ids: [diffID] },
      history: [{}],
    });
  });

  test('of a Docker before 1.8.3 give known fields only, all of them', () => {
    const config = JSON.parse(text(legacyConfig({ ...v1, docker_version: '1.8.2' }, [diffID], [])));
    expect(config.odd).toBeUndefined();
    expect(config.created).toBe('2015-01-02T03:04:05.1Z');
    expect(config.container_config).toMatchObject({
      Hostname: '',
      Cmd: ['/bin/sh', '-c', 'ls'],
      Labels: null,
    });
  });

  test('give a history entry for each layer', () => {
    expect(legacyHistory(v1, 'json')).toEqual({
      created: '2015-01-02T03:04:05.1Z',
      author: 'me',
      created_by: '/bin/sh -c ls',
    });
    expect(legacyHistory({}, 'json')).toEqual({ created: '0001-01-01T00:00:00Z' });
  });
});
