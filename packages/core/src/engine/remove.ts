import type { ImageName } from '../metadata/metadata-store.ts';
import type { Platform } from '../platform.ts';
import { sameRepository } from '../reference.ts';
import { type ImageUser, userOfImage } from './containers/image-users.ts';
import { removeUnneededSnapshots } from './containers/life/unneeded-snapshots.ts';
import type { RemovalEvent, RemoveRequest } from './engine.ts';
import { Removal } from './removal/removal.ts';
import {
  hasChildImages,
  imageIsPinned,
  imageIsRunning,
  imageIsUsed,
  nameIsUsed,
  severalRepositories,
} from './removal/removal-conflicts.ts';
import { type ResolvedImage, resolveImage } from './resolve.ts';
import { sweepDuplicates } from './store/duplicate-layers.ts';
import type { Store } from './store/store.ts';

export interface RemoveDeps {
  readonly store: Store;
  readonly host: Platform;
}

/**
 * Takes a name off an image; with its last name, or by ID, the image goes too, and every blob that nothing
 * else needs. The rules, which name goes with which, are those of Docker's classic image store. Of an index,
 * the images for some platforms can go alone. Throws `IMAGE_UNKNOWN`, `PLATFORM_UNKNOWN`, `CONFLICT`.
 */
export async function remove(deps: RemoveDeps, request: RemoveRequest): Promise<RemovalEvent[]> {
  const { store } = deps;
  const { metadata } = store;
  const { platforms = [] } = request;
  if (platforms.length > 0) {
    const { removePlatforms } = await import('./removal/remove-platforms.ts');
    const events = await removePlatforms(deps, request, platforms);
    if (events) return events;
  }
  const removal = metadata.atomically(() => {
    const resolved = resolveImage(metadata, request.image);
    const pinned = new Set(metadata.pinnedImages());
    const kept = new Set([...pinned, ...metadata.imagesOfContainers()]);
    const work = new Removal(store, (id) => kept.has(id));
    const { facts } = resolved;
    const user = userOfImage(store, facts.id);
    const names = namesToTake(work, resolved, request, user);
    const losesAll = names.length === work.namesOf(facts.id).length;
    const goes = losesAll && !request.untagOnly && !work.hasChildren(facts.id);
    if (goes && pinned.has(facts.id) && !request.force) throw imageIsPinned(facts.id, request.image);
    // Forced, a name goes from a container that runs; by the image's ID, nothing does.
    work.take(facts, names, { ...request, keepImage: request.untagOnly || (user?.isRunning ?? false) });
    return work;
  });
  await store.publishIndex();
  await sweepDuplicates(store, removal.content);
  await removeUnneededSnapshots(store);
  return removal.events;
}

function namesToTake(
  removal: Removal,
  { facts, name }: ResolvedImage,
  request: RemoveRequest,
  user: ImageUser | undefined,
): readonly ImageName[] {
  const names = removal.namesOf(facts.id);
  const { force, image } = request;
  const isSingle = isSingleReference(names);
  if (request.untagOnly) return name ? namesWith(name, names) : names;
  if (name) {
    if (user && !force && isSingle) throw nameIsUsed(facts.id, image, user.container);
    return namesWith(name, names);
  }
  if (removal.hasChildren(facts.id)) throw hasChildImages(facts.id);
  if (user?.isRunning) throw imageIsRunning(facts.id, user.container);
  if (!force && !isSingle)
    throw severalRepositories(facts.id, 'remove all its names with: wherry rmi -f, or one of them by name');
  if (user && !force) throw imageIsUsed(facts.id, user.container);
  return names;
}

/** A name, and with a repository's last tag its digests. */
function namesWith({ ref }: ImageName, names: readonly ImageName[]): ImageName[] {
  const inRepository = names.filter((other) => sameRepository(other.ref, ref));
  const isTaken = (other: ImageName) => other.ref.tag === ref.tag && other.ref.digest === ref.digest;
  const hasOtherTags = inRepository.some((other) => other.ref.tag !== undefined && !isTaken(other));
  return ref.digest !== undefined || hasOtherTags ? inRepository.filter(isTaken) : inRepository;
}

/** One tag at most, and digests of that tag's repository only. */
function isSingleReference(names: readonly ImageName[]): boolean {
  const tags = names.filter((name) => name.ref.tag !== undefined);
  const [only = names[0]] = tags;
  return tags.length <= 1 && names.every((name) => only !== undefined && sameRepository(name.ref, only.ref));
}
