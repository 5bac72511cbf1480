import { type Digest, digestHex } from '../digest.ts';
import { WherryError } from '../errors.ts';
import type { ImageFacts, ImageName } from '../metadata/metadata-store.ts';
import { isIndexType } from '../oci/media-types.ts';
import { familiarName, repositoryOf, sameRepository } from '../reference.ts';
import type { RemovalEvent, RemoveRequest } from './engine.ts';
import { type ResolvedImage, resolveImage } from './resolve.ts';
import type { Store } from './store.ts';

/**
 * Takes a name off an image; with its last name, or by ID, the image goes too, and every blob that nothing
 * else needs. The rules, which name goes with which, are those of Docker's classic image store. Throws
 * `IMAGE_UNKNOWN`, `CONFLICT`.
 */
export async function remove(
  deps: { readonly store: Store },
  request: RemoveRequest,
): Promise<RemovalEvent[]> {
  const { store } = deps;
  const resolved = resolveImage(store.metadata, request.image);
  // Before the names go: they lead to the index the image came in.
  const content = store.contentOf(resolved.facts);
  const companions = companionsOf(store, resolved.facts);
  const events: RemovalEvent[] = [];
  const gone = resolved.name
    ? untagName(store, resolved.name, events)
    : untagAll(store, resolved, request, events);
  if (gone) {
    deleteImage(store, resolved.facts, request, events);
    for (const image of companions.length > 0 ? unreachable(store, companions) : []) {
      content.push(...store.contentOf(image));
      deleteImage(store, image, request, events);
    }
  }
  await store.publishIndex();
  await store.sweep(content);
  return events;
}

/** Nameless images that came with this one in an index: those for other platforms. */
function companionsOf(store: Store, facts: ImageFacts): ImageFacts[] {
  const { metadata } = store;
  const targets = metadata.namesOf(facts.id).map((name) => name.target);
  if (!targets.some((target) => isIndexType(target.mediaType))) return [];
  const content = metadata.descendants(targets.map((target) => target.digest));
  return metadata
    .listImages()
    .filter(({ id, manifest }) => id !== facts.id && content.has(manifest.digest) && !isNamed(store, id));
}

function unreachable(store: Store, images: readonly ImageFacts[]): ImageFacts[] {
  const { metadata } = store;
  const named = metadata.descendants(metadata.listNames().map((name) => name.target.digest));
  return images.filter(({ manifest }) => !named.has(manifest.digest));
}

function isNamed(store: Store, id: Digest): boolean {
  return store.metadata.namesOf(id).length > 0;
}

/** Removes one name, and the repository's digests with its last tag; tells whether no name is left. */
function untagName(store: Store, name: ImageName, events: RemovalEvent[]): boolean {
  const { metadata } = store;
  untag(store, name, events);
  const left = metadata.namesOf(name.imageId);
  const inRepository = left.filter((other) => sameRepository(other.ref, name.ref));
  if (name.ref.digest === undefined && inRepository.every((other) => other.ref.digest !== undefined))
    for (const other of sorted(inRepository)) untag(store, other, events);
  return metadata.namesOf(name.imageId).length === 0;
}

function untagAll(
  store: Store,
  { facts }: ResolvedImage,
  request: RemoveRequest,
  events: RemovalEvent[],
): boolean {
  const names = store.metadata.namesOf(facts.id);
  if (!request.force && !isSingleReference(names))
    throw new WherryError(
      'CONFLICT',
      `conflict: unable to delete ${shortForm(facts.id)} (must be forced) - image is referenced in multiple repositories`,
      { hint: 'remove all its names with: wherry rmi -f, or one of them by name' },
    );
  requireNoChildren(store, facts.id);
  for (const name of sorted(names)) untag(store, name, events);
  return true;
}

/** One tag at most, and digests of that tag's repository only. */
function isSingleReference(names: readonly ImageName[]): boolean {
  const tags = names.filter((name) => name.ref.tag !== undefined);
  const [only = names[0]] = tags;
  return tags.length <= 1 && names.every((name) => only !== undefined && sameRepository(name.ref, only.ref));
}

function deleteImage(store: Store, facts: ImageFacts, request: RemoveRequest, events: RemovalEvent[]): void {
  const { metadata } = store;
  if (hasChildren(store, facts.id)) return;
  metadata.deleteImage(facts.id);
  events.push({ deleted: facts.id });
  const kept = new Set(metadata.listImages().flatMap((image) => image.layers.map((layer) => layer.chainID)));
  for (const layer of [...facts.layers].reverse())
    if (!kept.has(layer.chainID)) events.push({ deleted: layer.chainID });
  const parent = facts.parent && metadata.findImage(facts.parent);
  if (parent && !request.noPrune && !isNamed(store, parent.id)) deleteImage(store, parent, request, events);
}

function untag(store: Store, name: ImageName, events: RemovalEvent[]): void {
  if (store.metadata.deleteName(name.ref)) events.push({ untagged: familiarName(name.ref) });
}

function hasChildren(store: Store, id: Digest): boolean {
  return store.metadata.listImages().some((image) => image.parent === id);
}

function requireNoChildren(store: Store, id: Digest): void {
  if (hasChildren(store, id))
    throw new WherryError(
      'CONFLICT',
      `conflict: unable to delete ${shortForm(id)} (cannot be forced) - image has dependent child images`,
    );
}

/** Docker untags in the order of the repositories, tags before digests. */
function sorted(names: readonly ImageName[]): ImageName[] {
  const key = (name: ImageName) =>
    `${familiarName(repositoryOf(name.ref))}\0${name.ref.digest ? 1 : 0}\0${familiarName(name.ref)}`;
  return [...names].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

function shortForm(id: Digest): string {
  return digestHex(id).slice(0, 12);
}
