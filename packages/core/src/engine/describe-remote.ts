import type { VerbOptions } from '../events.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { imagePlatform, parseImageConfig } from '../oci/image-config.ts';
import { parseIndex } from '../oci/index-document.ts';
import { parseManifest } from '../oci/manifest.ts';
import { isConfigType, isIndexType } from '../oci/media-types.ts';
import type { Platform } from '../platform.ts';
import { type Reference, withDefaultTag } from '../reference.ts';
import type { RegistryClient } from '../registry/registry-client.ts';
import { configOf } from './remote/narrow.ts';
import { registrySource } from './remote/registry-end.ts';

export interface RemoteDescription {
  /** Of what the name points at: an index or a manifest. */
  readonly descriptor: Descriptor;
  /** Those of an index, or of the one image; empty for what is none. */
  readonly platforms: readonly Platform[];
}

/** Tells what a name points at in its registry, and for which platforms that is. Throws the registry's codes. */
export async function describeRemote(
  { registry }: { readonly registry: RegistryClient },
  request: { readonly ref: Reference },
  options: VerbOptions = {},
): Promise<RemoteDescription> {
  const signal = options.signal ?? new AbortController().signal;
  const source = registrySource(registry, withDefaultTag(request.ref), signal);
  const { descriptor, bytes } = await source.root();
  if (isIndexType(descriptor.mediaType)) {
    const platforms = parseIndex(bytes).manifests.flatMap(({ platform }) => (platform ? [platform] : []));
    return { descriptor, platforms };
  }
  const manifest = parseManifest(bytes);
  if (!isConfigType(manifest.config.mediaType)) return { descriptor, platforms: [] };
  const config = parseImageConfig(await configOf(source, manifest));
  return { descriptor, platforms: [imagePlatform(config)] };
}
