import type { Digest } from '../../digest.ts';
import type { ImageFacts, ImageName, ImageStore } from '../../metadata/metadata-store.ts';
import type { Platform } from '../../platform.ts';
import type { ResolvedImage } from '../resolve.ts';
import type { Store } from '../store/store.ts';

/**
 * The image that is meant where a platform may have been asked for; `text` is what the user called it. Throws
 * `PLATFORM_UNKNOWN`, `CORRUPT`.
 */
export async function chosenImage(
  store: Store,
  resolved: ResolvedImage,
  wanted: Platform | undefined,
  text: string,
): Promise<ImageFacts> {
  if (!wanted) return resolved.facts;
  const { requireVariant, shownName, variantsOf } = await import('./platform-variants.ts');
  return requireVariant(await variantsOf(store, resolved), wanted, shownName(resolved, text)).facts;
}

/** The names of an image that was reached by way of `resolved`: its own, and those of the index it is in. */
export function namesOfChosen(metadata: ImageStore, resolved: ResolvedImage, image: Digest): ImageName[] {
  const own = metadata.namesOf(image);
  if (image === resolved.facts.id) return own;
  const index = resolved.name?.target.digest;
  return [...own, ...metadata.namesOf(resolved.facts.id).filter(({ target }) => target.digest === index)];
}
