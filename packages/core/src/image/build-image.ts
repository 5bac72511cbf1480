import { createHash } from 'node:crypto';
import type { Digest } from '../digest.ts';
import { type Descriptor, descriptorToJson } from '../oci/descriptor.ts';
import type { ContainerConfig } from '../oci/image-config.ts';
import { sortedByKey, writeJson } from '../oci/json.ts';
import { MEDIA_TYPES } from '../oci/media-types.ts';
import type { Platform } from '../platform.ts';
import { dockerContainerConfig } from './container-config.ts';

/** A document and what names it. */
export interface StoredDocument {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** What a new image of one layer is made of. */
export interface NewImage {
  readonly created: Date;
  readonly platform: Platform;
  readonly config: ContainerConfig;
  /** Base first. */
  readonly diffIDs: readonly Digest[];
  /** `Imported from -`, or the user's message. */
  readonly comment: string;
  readonly author?: string;
}

/** Names a document by the digest of its bytes. */
export function describeDocument(mediaType: string, bytes: Uint8Array): StoredDocument {
  return { descriptor: { mediaType, digest: digestOfBytes(bytes), size: bytes.length }, bytes };
}

/** The digest of bytes that are all here. */
export function digestOfBytes(bytes: Uint8Array, algorithm: 'sha256' | 'sha512' = 'sha256'): Digest {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}` as Digest;
}

/** A time as configs have it: RFC 3339, without zeros at the end of the fraction. */
export function createdText(date: Date): string {
  return date.toISOString().replace(/\.?0*Z$/, 'Z');
}

/**
 * Writes the config of an image that was imported, fields as `docker import` has them (`docker_version`
 * aside, for no Docker made it). The same input gives the same bytes, so the same image ID.
 */
export function makeConfig(image: NewImage): StoredDocument {
  const created = createdText(image.created);
  const { architecture, os, variant, osVersion } = image.platform;
  return describeDocument(
    MEDIA_TYPES.ociConfig,
    writeJson({
      comment: image.comment,
      created,
      container_config: dockerContainerConfig({}),
      ...(image.author && { author: image.author }),
      config: dockerContainerConfig(image.config),
      architecture,
      ...(variant && { variant }),
      os,
      rootfs: { type: 'layers', diff_ids: image.diffIDs },
      history: [{ created, ...(image.author && { author: image.author }), comment: image.comment }],
      ...(osVersion && { 'os.version': osVersion }),
    }),
  );
}

/**
 * Marks a manifest that was made here, of plain layers: its first push compresses them and makes another. A
 * manifest that came from elsewhere is never changed.
 */
export const UNSEALED_ANNOTATION = 'dev.wherry.unsealed';

export interface ManifestOptions {
  readonly annotations?: Readonly<Record<string, string>>;
  /** Plain layers were asked for: no push is to compress them. */
  readonly isSealed?: boolean;
}

/** Writes an OCI manifest. The same input gives the same bytes. */
export function makeManifest(
  config: Descriptor,
  layers: readonly Descriptor[],
  { annotations = {}, isSealed = false }: ManifestOptions = {},
): StoredDocument {
  const isUnsealed = !isSealed && layers.some((layer) => layer.mediaType === MEDIA_TYPES.ociLayer);
  const notes = { ...annotations, ...(isUnsealed && { [UNSEALED_ANNOTATION]: 'true' }) };
  return describeDocument(
    MEDIA_TYPES.ociManifest,
    writeJson({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociManifest,
      config: descriptorToJson(config),
      layers: layers.map(descriptorToJson),
      ...(Object.keys(notes).length > 0 && { annotations: sortedByKey(notes) }),
    }),
  );
}

/** Writes an OCI index. The same input gives the same bytes. */
export function makeIndex(
  manifests: readonly Descriptor[],
  annotations: Readonly<Record<string, string>> = {},
): StoredDocument {
  return describeDocument(
    MEDIA_TYPES.ociIndex,
    writeJson({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociIndex,
      manifests: manifests.map(descriptorToJson),
      ...(Object.keys(annotations).length > 0 && { annotations: sortedByKey(annotations) }),
    }),
  );
}
