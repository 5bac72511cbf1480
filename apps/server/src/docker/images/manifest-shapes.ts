import type { ContainerRecord, ImageTree, ImageTreeVariant } from '@wherry/core';
import type { ApiVersion } from '../version.ts';

/** From here on `manifests` is known. */
const MANIFESTS_MINOR = 47;
/** From here on the descriptor of what the names lead to is told as well. */
const DESCRIPTOR_MINOR = 48;

/** The containers of each image, by its ID. */
export type ContainersByImage = ReadonlyMap<string, readonly ContainerRecord[]>;

export function knowsManifests({ minor }: ApiVersion): boolean {
  return minor >= MANIFESTS_MINOR;
}

/** What an element of `GET /images/json` tells of the manifests that its names lead to. */
export function manifestsShape(
  { target, variants }: ImageTree,
  containers: ContainersByImage,
  { minor }: ApiVersion,
): Record<string, unknown> {
  return {
    ...(minor >= DESCRIPTOR_MINOR && { Descriptor: target }),
    Manifests: variants.map((variant) => manifestShape(variant, containers)),
  };
}

/** What is not here has a descriptor, and no bytes. Images are unpacked when they are run, and not for a list. */
function manifestShape(
  { contentBytes, diskBytes, id, manifest, platform }: ImageTreeVariant,
  containers: ContainersByImage,
) {
  return {
    ID: manifest.digest,
    Descriptor: manifest,
    Available: id !== undefined,
    Size: { Content: contentBytes, Total: diskBytes },
    Kind: 'image',
    ImageData: {
      Platform: platformShape(platform),
      Containers: id === undefined ? [] : (containers.get(id) ?? []).map((container) => container.id),
      Size: { Unpacked: 0 },
    },
  };
}

/** As the specification's platform is in JSON. */
function platformShape({ architecture, os, osVersion, variant }: ImageTreeVariant['platform']) {
  return {
    architecture,
    os,
    ...(osVersion && { 'os.version': osVersion }),
    ...(variant && { variant }),
  };
}
