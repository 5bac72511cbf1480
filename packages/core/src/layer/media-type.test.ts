import { expect, test } from 'vitest';
import { layerMediaType } from './media-type.ts';

test.each([
  { compression: 'none', family: 'oci', expected: 'application/vnd.oci.image.layer.v1.tar' },
  { compression: 'gzip', family: 'oci', expected: 'application/vnd.oci.image.layer.v1.tar+gzip' },
  { compression: 'zstd', family: 'oci', expected: 'application/vnd.oci.image.layer.v1.tar+zstd' },
  { compression: 'none', family: 'docker', expected: 'application/vnd.docker.image.rootfs.diff.tar' },
  { compression: 'gzip', family: 'docker', expected: 'application/vnd.docker.image.rootfs.diff.tar.gzip' },
] as const)('$family names a layer packed with $compression', ({ compression, family, expected }) => {
  expect(layerMediaType(compression, family)).toBe(expected);
});

test.each(['xz', 'bzip2'] as const)('no manifest can name %s', (compression) => {
  expect(() => layerMediaType(compression, 'oci')).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }));
});
