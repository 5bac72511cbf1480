import type { Digest } from '../../digest.ts';
import { WherryError } from '../../errors.ts';
import type { ImageFacts, ImageName } from '../../metadata/metadata-store.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Platform } from '../../platform.ts';
import type { SaveRequest } from '../engine.ts';
import type { ResolvedImage } from '../resolve.ts';
import { platformSatisfies } from '../store/image-facts.ts';
import { imageForm } from '../store/image-form.ts';
import type { Store } from '../store/store.ts';
import { imagesMeant } from './images-meant.ts';
import { type PresentVariant, requireVariant, shownName, variantsOf } from './platform-variants.ts';

/** One image of an archive. */
export interface ImageToSave {
  readonly facts: ImageFacts;
  readonly names: readonly ImageName[];
  /** Set where platforms were asked for: the images that are saved. */
  readonly variants?: readonly PresentVariant[];
  /** What several of these are saved in. */
  readonly index?: Descriptor;
}

export interface SaveDeps {
  readonly store: Store;
  readonly host: Platform;
}

/**
 * What an archive is to hold: each image once, in each form that its names have. Throws `IMAGE_UNKNOWN`,
 * `PLATFORM_UNKNOWN`, `INVALID_REFERENCE`, `INVALID_ARGUMENT`.
 */
export async function imagesToSave(deps: SaveDeps, request: SaveRequest): Promise<ImageToSave[]> {
  const chosen = new Map<string, { readonly choice: Choice; readonly names: Map<string, ImageName> }>();
  for (const text of request.images)
    for (const meant of imagesMeant(deps.store.metadata, text)) {
      const choice = await choose(deps, meant, request, text);
      const key = choice.index?.digest ?? formKey(choice.facts);
      const entry = chosen.get(key) ?? { choice, names: new Map() };
      chosen.set(key, entry);
      const { name } = meant;
      if (name?.ref.tag !== undefined) entry.names.set(JSON.stringify(name.ref), name);
    }
  return [...chosen.values()].map(({ choice, names }) => ({ ...choice, names: [...names.values()] }));
}

type Choice = Omit<ImageToSave, 'names'>;

function formKey({ id, manifest }: ImageFacts): `${Digest} ${Digest}` {
  return `${id} ${manifest.digest}`;
}

async function choose(
  deps: SaveDeps,
  meant: ResolvedImage,
  { platforms = [], uncompressed }: SaveRequest,
  text: string,
): Promise<Choice> {
  if (platforms.length === 0) return { facts: await imageForm(deps.store, meant) };
  const variants = await variantsMeant(deps, meant, platforms, text);
  const [{ facts } = meant, another] = variants;
  if (!another || !meant.name) return { facts, variants };
  if (uncompressed)
    throw new WherryError('INVALID_ARGUMENT', 'an image of plain tars is for one platform', {
      hint: 'leave out --uncompressed, or save each platform by itself',
    });
  return { facts, variants, index: meant.name.target };
}

/** The images for the platforms, the one for this machine first: it stands for all to readers of one image. */
async function variantsMeant(
  { store, host }: SaveDeps,
  meant: ResolvedImage,
  platforms: readonly Platform[],
  text: string,
): Promise<PresentVariant[]> {
  const variants = await variantsOf(store, meant);
  const subject = shownName(meant, text);
  const found = new Set(platforms.map((wanted) => requireVariant(variants, wanted, subject)));
  const rank = ({ platform }: PresentVariant) => (platformSatisfies(host, platform) ? 0 : 1);
  return [...found].sort((a, b) => rank(a) - rank(b));
}
