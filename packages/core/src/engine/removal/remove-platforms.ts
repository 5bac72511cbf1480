import { type Digest, shortId } from '../../digest.ts';
import { WherryError } from '../../errors.ts';
import type { ImageFacts, ImageName } from '../../metadata/metadata-store.ts';
import type { Platform } from '../../platform.ts';
import { familiarName, sameRepository } from '../../reference.ts';
import { userOfImage } from '../containers/image-users.ts';
import type { RemovalEvent, RemoveRequest } from '../engine.ts';
import type { RemoveDeps } from '../remove.ts';
import { type ResolvedImage, resolveImage } from '../resolve.ts';
import {
  isPresent,
  type PresentVariant,
  requireVariant,
  shownName,
  variantsOf,
} from '../selection/platform-variants.ts';
import { platformSatisfies } from '../store/image-facts.ts';
import type { Store } from '../store/store.ts';
import { Removal } from './removal.ts';
import {
  hasChildImages,
  imageIsPinned,
  imageIsRunning,
  imageIsUsed,
  severalRepositories,
} from './removal-conflicts.ts';

/**
 * Takes the images for some platforms out of the index that a name stands for, and gives their blobs back. A name
 * that showed one of them shows another of the index then. `undefined`, with nothing done, when all that is here
 * was asked for: then the name goes. Throws `PLATFORM_UNKNOWN`, `CONFLICT`.
 */
export async function removePlatforms(
  deps: RemoveDeps,
  request: RemoveRequest,
  platforms: readonly Platform[],
): Promise<RemovalEvent[] | undefined> {
  const { store } = deps;
  const resolved = resolveImage(store.metadata, request.image);
  const variants = await variantsOf(store, resolved);
  const subject = shownName(resolved, request.image);
  const going = new Set(platforms.map((wanted) => requireVariant(variants, wanted, subject)));
  const gone = new Set([...going].map(({ facts }) => facts.id));
  const staying = variants.filter(isPresent).filter(({ facts }) => !gone.has(facts.id));
  if (staying.length === 0) return undefined;
  const removal = store.metadata.atomically(() => {
    requireUnchanged(store, resolved);
    const pinned = new Set(store.metadata.pinnedImages());
    const kept = new Set([...pinned, ...store.metadata.imagesOfContainers()]);
    const work = new Removal(store, (id) => kept.has(id));
    const heirs = heirsOf(deps, staying, gone, work);
    for (const variant of going) {
      requireUnused(store, variant.facts.id, request);
      if (!request.force) requireOnlyHere(store, variant, resolved, pinned);
      if (work.hasChildren(variant.facts.id)) throw hasChildImages(variant.facts.id);
      const manifests = [variant.manifest.digest, ...variant.attestations];
      work.takeVariant(variant.facts, manifests, namesOf(store, work, variant, heirs), request);
    }
    return work;
  });
  await store.publishIndex();
  await store.sweep([...removal.content]);
  return removal.events;
}

/** What the name led to may have changed while its index was read. */
function requireUnchanged({ metadata }: Store, { name }: ResolvedImage): void {
  if (!name || metadata.findName(name.ref)?.target.digest === name.target.digest) return;
  throw new WherryError('CONFLICT', `${familiarName(name.ref)}: another process changed the name`, {
    hint: 'try again',
  });
}

/** An image does not go that a container runs from, nor without force one that a stopped container has. */
function requireUnused(store: Store, image: Digest, { force }: RemoveRequest): void {
  const user = userOfImage(store, image);
  if (user?.isRunning) throw imageIsRunning(image, user.container);
  if (user && !force) throw imageIsUsed(image, user.container);
}

/** Without force, an image does not go that is pinned, or that a name of another repository leads to. */
function requireOnlyHere(
  { metadata }: Store,
  { facts }: PresentVariant,
  { name }: ResolvedImage,
  pinned: ReadonlySet<Digest>,
): void {
  if (pinned.has(facts.id)) throw imageIsPinned(facts.id, shortId(facts.id));
  const other = metadata
    .listNames()
    .find(
      ({ ref, target }) =>
        name && !sameRepository(ref, name.ref) && metadata.descendants([target.digest]).has(facts.id),
    );
  if (other)
    throw severalRepositories(
      facts.id,
      `${familiarName(other.ref)} leads to it too: take it from both with: wherry rmi -f`,
    );
}

/** What a name may show instead, what suits this machine first. */
function heirsOf(
  { host }: RemoveDeps,
  staying: readonly PresentVariant[],
  gone: ReadonlySet<Digest>,
  removal: Removal,
): ImageFacts[] {
  const rank = ({ platform }: Pick<ImageFacts, 'platform'>) => (platformSatisfies(host, platform) ? 0 : 1);
  const first = [...staying].sort((a, b) => rank(a) - rank(b)).map(({ facts }) => facts);
  return [...first, ...[...removal.images()].filter(({ id }) => !gone.has(id))];
}

/** The names that show the image: each moves to another image of its index, or goes where there is none. */
function namesOf(
  { metadata }: Store,
  removal: Removal,
  { facts }: PresentVariant,
  heirs: readonly ImageFacts[],
): { readonly moved: ImageName[]; readonly untagged: ImageName[] } {
  const moved: ImageName[] = [];
  const untagged: ImageName[] = [];
  for (const name of removal.namesOf(facts.id)) {
    const content = metadata.descendants([name.target.digest]);
    const heir = heirs.find(({ id }) => content.has(id));
    if (heir) moved.push({ ...name, imageId: heir.id });
    else untagged.push(name);
  }
  return { moved, untagged };
}
