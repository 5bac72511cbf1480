import { gzipSync } from 'node:zlib';
import type { ByteSource } from '../bytes/byte-source.ts';
import { NodeHasher } from '../bytes/node-hasher.ts';
import { MemoryBlobStore } from '../content/memory-blob-store.ts';
import type { Digest } from '../digest.ts';
import { describeDocument, digestOfBytes, makeManifest, type StoredDocument } from '../image/build-image.ts';
import type { ArchiveImage } from '../image/docker-archive-writer.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { descriptorToJson } from '../oci/descriptor.ts';
import type { ContainerConfig } from '../oci/image-config.ts';
import { writeJson } from '../oci/json.ts';
import { MEDIA_TYPES } from '../oci/media-types.ts';
import type { Platform } from '../platform.ts';
import { parseReference } from '../reference.ts';
import { tarOf } from './tar-fixtures.ts';

/** A made-up image with all its bytes. */
export interface ImageFixture {
  readonly image: ArchiveImage;
  /** Layers as the manifest names them, with their tars. */
  readonly layers: readonly {
    readonly descriptor: Descriptor;
    readonly diffID: Digest;
    readonly tar: Uint8Array;
  }[];
  /** Everything, by digest. */
  readonly blobs: ReadonlyMap<Digest, Uint8Array>;
}

export interface ImageFixtureOptions {
  readonly names?: readonly string[];
  /** Each layer's files: path to content. */
  readonly layers?: readonly Readonly<Record<string, string>>[];
  /** Layers that are there already, instead of those. */
  readonly tars?: readonly Uint8Array[];
  readonly platform?: Platform;
  readonly config?: ContainerConfig;
  /** Layers as plain tars; gzip when absent. */
  readonly uncompressed?: boolean;
}

/** Makes an image. The same options give the same digests. */
export function makeImageFixture(options: ImageFixtureOptions = {}): ImageFixture {
  const platform = options.platform ?? { os: 'linux', architecture: 'amd64' };
  const tars = options.tars ?? (options.layers ?? [{ 'etc/hello': 'hello\n' }]).map(tarOfFiles);
  const layers = tars.map((tar) => makeLayer(tar, options));
  const config = describeDocument(
    MEDIA_TYPES.ociConfig,
    writeJson({
      architecture: platform.architecture,
      config: options.config ?? { Cmd: ['/bin/sh'] },
      created: '2021-08-31T01:20:48Z',
      history: layers.map((_, index) => ({ created: '2021-08-31T01:20:48Z', created_by: `COPY ${index}` })),
      os: platform.os,
      rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffID) },
      ...(platform.variant && { variant: platform.variant }),
    }),
  );
  const manifest = makeManifest(
    config.descriptor,
    layers.map((layer) => layer.descriptor),
  );
  const blobs = new Map<Digest, Uint8Array>([
    [config.descriptor.digest, config.bytes],
    [manifest.descriptor.digest, manifest.bytes],
    ...layers.map((layer) => [layer.descriptor.digest, layer.blob] as const),
  ]);
  const image: ArchiveImage = {
    names: (options.names ?? []).map(parseReference),
    manifest,
    config,
    layers: layers.map(({ descriptor, diffID, tar }) => ({
      digest: descriptor.digest,
      size: descriptor.size,
      diffID,
      tarSize: tar.length,
    })),
  };
  return { image, layers, blobs };
}

/** Makes an index of images for several platforms. */
export function makeIndexFixture(
  images: readonly { readonly fixture: ImageFixture; readonly platform: Platform }[],
  others: readonly Descriptor[] = [],
): StoredDocument {
  const manifests = images.map(({ fixture, platform }) => ({
    ...fixture.image.manifest.descriptor,
    platform,
  }));
  return describeDocument(
    MEDIA_TYPES.ociIndex,
    writeJson({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociIndex,
      manifests: [...manifests, ...others].map(descriptorToJson),
    }),
  );
}

/** A store in memory that has all of the fixtures' blobs, and what else is given. */
export async function storeOf(
  fixtures: readonly ImageFixture[],
  documents: readonly StoredDocument[] = [],
): Promise<MemoryBlobStore> {
  const store = new MemoryBlobStore({ createHasher: () => new NodeHasher() });
  const blobs = [
    ...fixtures.flatMap((fixture) => [...fixture.blobs.values()]),
    ...documents.map(({ bytes }) => bytes),
  ];
  for (const bytes of blobs) {
    await using writer = await store.begin(digestOfBytes(bytes));
    await writer.write(bytes);
    await writer.commit();
  }
  return store;
}

/** A source of one buffer, in pieces of `size`. */
export async function* inPieces(bytes: Uint8Array, size: number): ByteSource {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

function tarOfFiles(files: Readonly<Record<string, string>>): Uint8Array {
  const entries = Object.entries(files).map(([name, content]) => ({
    name,
    type: 'file' as const,
    content: new TextEncoder().encode(content),
  }));
  return tarOf(...entries);
}

function makeLayer(tar: Uint8Array, options: ImageFixtureOptions) {
  const blob = options.uncompressed ? tar : new Uint8Array(gzipSync(tar));
  const mediaType = options.uncompressed ? MEDIA_TYPES.ociLayer : MEDIA_TYPES.ociLayerGzip;
  const descriptor: Descriptor = { mediaType, digest: digestOfBytes(blob), size: blob.length };
  return { descriptor, diffID: digestOfBytes(tar), tar, blob };
}
