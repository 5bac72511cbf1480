import type { VerbOptions } from '../events.ts';
import { descriptorToJson } from '../oci/descriptor.ts';
import { type ImageConfig, imagePlatform, parseImageConfig } from '../oci/image-config.ts';
import { parseIndex } from '../oci/index-document.ts';
import { parseManifest } from '../oci/manifest.ts';
import { isIndexType } from '../oci/media-types.ts';
import type { Platform } from '../platform.ts';
import { familiarName, type Reference, withDefaultTag, withDigest, withTag } from '../reference.ts';
import type { RegistryClient, RemoteDocument } from '../registry/registry-client.ts';
import type { ImageInspection } from './engine.ts';
import { containerConfig, goTime, text } from './inspect.ts';
import { configOf, imageFor, type NarrowSource, narrowed } from './remote/narrow.ts';
import { registrySource } from './remote/registry-end.ts';

export interface InspectRemoteRequest {
  readonly ref: Reference;
  /** What to choose from an index; absent: this machine's. */
  readonly platform?: Platform;
}

/** As of a local image, as far as a registry knows: it has no unpacked size, and no time of tagging. */
export interface RemoteInspection extends ImageInspection {
  /** Bytes of the layers as the registry has them. */
  readonly CompressedSize: number;
  /** Of what the name points at: an index or a manifest. */
  readonly Descriptor: Readonly<Record<string, unknown>>;
  /** The index's entries; absent: the name points at the one manifest. */
  readonly Manifests?: readonly Readonly<Record<string, unknown>>[];
}

export interface InspectRemoteDeps {
  readonly registry: RegistryClient;
  readonly host: Platform;
}

/**
 * Describes an image in its registry from manifest and config, which is all that is fetched. Throws the
 * registry's codes, `PLATFORM_UNKNOWN`, `UNSUPPORTED` for an artifact.
 */
export async function inspectRemote(
  deps: InspectRemoteDeps,
  request: InspectRemoteRequest,
  options: VerbOptions = {},
): Promise<RemoteInspection> {
  const ref = withDefaultTag(request.ref);
  const source = registrySource(deps.registry, ref, options.signal ?? new AbortController().signal);
  const root = await source.root();
  const chosen = await chosenImage(source, root, request.platform, deps.host);
  const manifest = parseManifest(chosen.bytes);
  const config = parseImageConfig(await configOf(source, manifest));
  return {
    Id: manifest.config.digest,
    RepoTags: ref.tag === undefined ? [] : [familiarName(withTag(ref, ref.tag))],
    RepoDigests: [familiarName(withDigest(ref, root.descriptor.digest))],
    Parent: '',
    ...describedConfig(config),
    CompressedSize: manifest.layers.reduce((sum, { size }) => sum + size, 0),
    RootFS: { Type: 'layers', ...(config.rootfs.diff_ids.length > 0 && { Layers: config.rootfs.diff_ids }) },
    Descriptor: descriptorToJson(root.descriptor),
    ...(isIndexType(root.descriptor.mediaType) && {
      Manifests: parseIndex(root.bytes).manifests.map(descriptorToJson),
    }),
  };
}

async function chosenImage(
  source: NarrowSource,
  root: RemoteDocument,
  wanted: Platform | undefined,
  host: Platform,
): Promise<RemoteDocument> {
  if (isIndexType(root.descriptor.mediaType)) return imageFor(source, root.descriptor, wanted ?? host, root);
  return wanted === undefined ? root : narrowed(source, root, [wanted]);
}

/** What a config tells, in the words and the order of Docker. */
function describedConfig(config: ImageConfig) {
  const platform = imagePlatform(config);
  return {
    Comment: text(config.comment) || text(config.history?.at(-1)?.comment),
    Created: goTime(config.created),
    DockerVersion: text(config.docker_version),
    Author: text(config.author),
    Config: containerConfig(config.config),
    Architecture: platform.architecture,
    ...(platform.variant && { Variant: platform.variant }),
    Os: platform.os,
    ...(platform.osVersion && { OsVersion: platform.osVersion }),
  };
}
