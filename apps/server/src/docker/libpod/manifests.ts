import type { Descriptor, ImagesRequest } from '@wherry/core';
import type { EngineBackend } from '../backend.ts';

/** The manifests of images, by the images' IDs. */
export async function manifestsById(
  backend: Pick<EngineBackend, 'imageTree'>,
  request: Pick<ImagesRequest, 'pattern'> = {},
): Promise<ReadonlyMap<string, Descriptor>> {
  const trees = await backend.imageTree({ ...request, all: true });
  const variants = trees.flatMap((tree) => tree.variants);
  return new Map(variants.flatMap(({ id, manifest }) => (id === undefined ? [] : [[id, manifest]])));
}
