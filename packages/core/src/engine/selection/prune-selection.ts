import type { Digest } from '../../digest.ts';
import type { ImageFacts, ImageName } from '../../metadata/metadata-store.ts';
import { familiarRepository, sameRepository } from '../../reference.ts';
import type { Removal } from '../removal/removal.ts';
import { createdMs, type ImageFilters, matchesFacts } from './image-filters.ts';

/** What a prune is to take. */
export interface PruneSelection {
  /** Images with tags too. */
  readonly all: boolean;
  readonly filters: ImageFilters;
  /** How many tags of each repository stay. */
  readonly keep: number;
  /** Pinned, in use, or used lately where that is asked for. */
  readonly isKept: (image: Digest) => boolean;
  /** Tells whether a name leads to this manifest, through an index. */
  readonly isNamed: (manifest: Digest) => boolean;
}

/** An image, and which of its names go; none: it has no name. */
export interface PruneCandidate {
  readonly facts: ImageFacts;
  readonly names: readonly ImageName[];
}

/** The images that a prune may come to take: all that does not change while it runs is looked at, but for labels. */
export function prunableImages(removal: Removal, { all, filters, isKept }: PruneSelection): Digest[] {
  return [...removal.images()]
    .filter(
      (facts) => !isKept(facts.id) && matchesFacts(filters, facts) && (all || !isTagged(facts, removal)),
    )
    .map(({ id }) => id);
}

/** Those of `chosen` that can go now, newest first. Others can when these are gone. */
export function pruneCandidates(
  removal: Removal,
  selection: PruneSelection,
  chosen: ReadonlySet<Digest>,
): PruneCandidate[] {
  const isNewest = newestTags(removal, selection.keep);
  const candidates: PruneCandidate[] = [];
  for (const facts of removal.images()) {
    if (!chosen.has(facts.id) || selection.isKept(facts.id)) continue;
    const all = removal.namesOf(facts.id);
    const names = namesToTake(all, selection, isNewest);
    // What other images were made from loses its names too, as with Docker, and stays.
    if (all.length > 0 && selection.all ? names.length > 0 : isDangling(facts, names, removal, selection))
      candidates.push({ facts, names });
  }
  return candidates.sort((a, b) => newestFirst(a.facts, b.facts));
}

function isTagged({ id }: ImageFacts, removal: Removal): boolean {
  return removal.namesOf(id).some((name) => name.ref.tag !== undefined);
}

/** Without a tag, and neither the parent of an image nor one platform's part of something named. */
function isDangling(
  facts: ImageFacts,
  names: readonly ImageName[],
  removal: Removal,
  { filters, isNamed }: PruneSelection,
): boolean {
  if (removal.hasChildren(facts.id)) return false;
  if (removal.namesOf(facts.id).length > 0) return names.length > 0;
  return filters.matchesName === undefined && !isNamed(facts.manifest.digest);
}

/** The tags that go, and the digests of the repositories that are left without a tag. */
function namesToTake(
  names: readonly ImageName[],
  { all, filters: { matchesName = () => true } }: PruneSelection,
  isNewest: (tag: ImageName) => boolean,
): ImageName[] {
  const tags = names.filter((name) => name.ref.tag !== undefined);
  if (tags.length > 0 && !all) return [];
  const staying = tags.filter((tag) => !matchesName(tag.ref) || isNewest(tag));
  return names.filter((name) =>
    name.ref.tag !== undefined
      ? !staying.includes(name)
      : matchesName(name.ref) && !staying.some((tag) => sameRepository(tag.ref, name.ref)),
  );
}

/** Tells of a tag whether it is among the `keep` newest of its repository, by the age of its image. */
function newestTags(removal: Removal, keep: number): (tag: ImageName) => boolean {
  const newest = new Set<ImageName>();
  if (keep === 0) return () => false;
  const tags = [...removal.images()].flatMap((facts) =>
    removal
      .namesOf(facts.id)
      .filter((name) => name.ref.tag !== undefined)
      .map((name) => ({ name, ageMs: createdMs(facts) })),
  );
  tags.sort(
    (a, b) =>
      b.ageMs - a.ageMs ||
      b.name.taggedAt.getTime() - a.name.taggedAt.getTime() ||
      ((a.name.ref.tag ?? '') < (b.name.ref.tag ?? '') ? 1 : -1),
  );
  for (const inRepository of Map.groupBy(tags, ({ name }) => familiarRepository(name.ref)).values())
    for (const { name } of inRepository.slice(0, keep)) newest.add(name);
  return (tag) => newest.has(tag);
}

function newestFirst(a: ImageFacts, b: ImageFacts): number {
  return createdMs(b) - createdMs(a) || (a.id < b.id ? -1 : 1);
}
