import type { Compression } from '../compression/compression.ts';
import { WherryError } from '../errors.ts';

const MEDIA_TYPES = {
  oci: {
    none: 'application/vnd.oci.image.layer.v1.tar',
    gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
    zstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  },
  docker: {
    none: 'application/vnd.docker.image.rootfs.diff.tar',
    gzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
    zstd: 'application/vnd.docker.image.rootfs.diff.tar.zstd',
  },
} as const satisfies Record<string, Partial<Record<Compression, string>>>;

/**
 * The media type of a layer's blob, in OCI manifests or in Docker's schema 2. Throws `UNSUPPORTED` for xz and
 * bzip2, which no manifest can name. OCI image-spec v1.1, layer.md "`+gzip` Media Types" and "`+zstd` Media Types".
 */
export function layerMediaType(compression: Compression, family: 'oci' | 'docker'): string {
  if (compression === 'xz' || compression === 'bzip2')
    throw new WherryError('UNSUPPORTED', `no layer media type for ${compression}`);
  return MEDIA_TYPES[family][compression];
}
