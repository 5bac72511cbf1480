import { resolveImage } from './resolve.ts';
import type { Store } from './store/store.ts';

/** Keeps an image from a prune, and from a removal that is not forced. Throws `IMAGE_UNKNOWN`. */
export async function pin(deps: { readonly store: Store }, image: string): Promise<boolean> {
  const { metadata } = deps.store;
  return metadata.pinImage(resolveImage(metadata, image).facts.id);
}

/** Undoes `pin`. Throws `IMAGE_UNKNOWN`. */
export async function unpin(deps: { readonly store: Store }, image: string): Promise<boolean> {
  const { metadata } = deps.store;
  return metadata.unpinImage(resolveImage(metadata, image).facts.id);
}
