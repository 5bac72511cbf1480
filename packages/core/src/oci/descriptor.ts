import type { Digest } from '../digest.ts';
import type { Platform } from '../platform.ts';
import { digestAt, objectAt, optionalStringAt, sizeAt, stringAt, stringMapAt, stringsAt } from './json.ts';

/** Media type, digest and size of some content. OCI image-spec v1.1, descriptor.md. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  /** Bytes as stored, i.e. compressed. */
  readonly size: number;
  readonly platform?: Platform;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly artifactType?: string;
  /** Where a non-distributable layer may be fetched. */
  readonly urls?: readonly string[];
}

const MAX_URLS = 100;

/** Reads a descriptor that stands at `at` of a document. Throws `INVALID_DOCUMENT`, saying where. */
export function readDescriptor(value: unknown, at: string): Descriptor {
  const object = objectAt(value, at);
  const platform = object.platform == null ? undefined : readPlatform(object.platform, `${at}.platform`);
  const annotations = stringMapAt(object.annotations, `${at}.annotations`);
  const artifactType = optionalStringAt(object.artifactType, `${at}.artifactType`);
  const urls = stringsAt(object.urls, `${at}.urls`, MAX_URLS);
  return {
    mediaType: stringAt(object.mediaType, `${at}.mediaType`),
    digest: digestAt(object.digest, `${at}.digest`),
    size: sizeAt(object.size, `${at}.size`),
    ...(platform && { platform }),
    ...(annotations && { annotations }),
    ...(artifactType !== undefined && { artifactType }),
    ...(urls.length > 0 && { urls }),
  };
}

/** The descriptor as it stands in a document, fields in the specification's order. */
export function descriptorToJson(descriptor: Descriptor): Record<string, unknown> {
  const { mediaType, artifactType, digest, size, urls, annotations, platform } = descriptor;
  return {
    mediaType,
    ...(artifactType !== undefined && { artifactType }),
    digest,
    size,
    ...(urls && { urls }),
    ...(annotations && { annotations }),
    ...(platform && { platform: platformToJson(platform) }),
  };
}

/** OCI image-spec v1.1, image-index.md "platform": what leaves `os` or `architecture` out says nothing. */
export function readPlatform(value: unknown, at: string): Platform | undefined {
  const object = objectAt(value, at);
  const os = optionalStringAt(object.os, `${at}.os`) ?? '';
  const architecture = optionalStringAt(object.architecture, `${at}.architecture`) ?? '';
  if (os === '' && architecture === '') return undefined;
  const variant = optionalStringAt(object.variant, `${at}.variant`);
  const osVersion = optionalStringAt(object['os.version'], `${at}["os.version"]`);
  return { os, architecture, ...(variant && { variant }), ...(osVersion && { osVersion }) };
}

function platformToJson({ architecture, os, osVersion, variant }: Platform): Record<string, unknown> {
  return {
    architecture,
    os,
    ...(osVersion !== undefined && { 'os.version': osVersion }),
    ...(variant !== undefined && { variant }),
  };
}
