import type { Digest } from '../digest.ts';
import type { BareName, ImageOutline, ImageStore } from '../metadata/metadata-store.ts';
import { familiarName } from '../reference.ts';
import type { ImageSummary, ImagesRequest } from './engine.ts';
import { resolveImage } from './resolve.ts';
import {
  API_LIST_FILTERS,
  createdMs,
  type ImageFilters,
  LIST_FILTERS,
  matchesFacts,
  matchesLabels,
  parseImageFilters,
} from './selection/image-filters.ts';
import type { Store } from './store/store.ts';

/**
 * Lists images, newest first, from metadata alone; only filters on labels, and sizes, read documents. Throws
 * `INVALID_ARGUMENT` with Docker's texts for filters, `IMAGE_UNKNOWN` for what they name.
 */
export async function images(
  deps: { readonly store: Store; readonly now: () => Date },
  request: ImagesRequest = {},
): Promise<ImageSummary[]> {
  const { store } = deps;
  const rules = request.takesUntil ? API_LIST_FILTERS : LIST_FILTERS;
  const filters = parseImageFilters(filterTexts(request), rules, deps.now());
  const all = store.metadata.listImageOutlines();
  const isListed = rowTest(store, request, filters, all);
  const names = namesByImage(store, filters);
  const found: { readonly facts: ImageOutline; readonly names: readonly BareName[] }[] = [];
  for (const facts of all) {
    const shown = names.get(facts.id) ?? [];
    if (isListed(facts, shown)) found.push({ facts, names: shown });
  }
  const labelled = await withLabels(store, filters, found);
  const listed = sortNewestFirst(labelled.map(({ facts, names: shown }) => summaryOf(facts, shown)));
  const told = request.labels ? await withLabelsTold(store, listed) : listed;
  const counted = request.containers ? withContainers(store, told) : told;
  const rows = request.manifests ? withManifests(store, counted) : counted;
  return request.sizes ? await withSizes(store, rows) : rows;
}

async function withLabelsTold({ blobs }: Store, rows: readonly ImageSummary[]): Promise<ImageSummary[]> {
  const { readLabels } = await import('./selection/image-labels.ts');
  const labelsOf = await readLabels(
    blobs,
    rows.map(({ id }) => id),
  );
  return rows.map((row) => ({ ...row, labels: labelsOf.get(row.id) ?? {} }));
}

function withContainers({ metadata }: Store, rows: readonly ImageSummary[]): ImageSummary[] {
  const byImage = Map.groupBy(metadata.listContainers(), ({ imageId }) => imageId);
  return rows.map((row) => ({ ...row, containers: byImage.get(row.id)?.length ?? 0 }));
}

function withManifests({ metadata }: Store, rows: readonly ImageSummary[]): ImageSummary[] {
  const manifests = new Map(metadata.listImages().map(({ id, manifest }) => [id, manifest]));
  return rows.map((row) => {
    const manifest = manifests.get(row.id);
    return manifest ? { ...row, manifest } : row;
  });
}

async function withSizes(store: Store, rows: readonly ImageSummary[]): Promise<ImageSummary[]> {
  const { imageSizes } = await import('./store/image-sizes.ts');
  const sizesOf = await imageSizes(
    store,
    rows.map(({ id }) => id),
  );
  return rows.map((row) => {
    const sizes = sizesOf.get(row.id);
    return sizes ? { ...row, sizes } : row;
  });
}

/** Docker's client makes the argument one more filter. */
function filterTexts({ filters = [], pattern }: ImagesRequest): readonly string[] {
  return pattern === undefined ? filters : [...filters, `reference=${pattern}`];
}

function namesByImage(store: Store, { matchesName }: ImageFilters): Map<Digest, BareName[]> {
  const names = store.metadata.listBareNames();
  return Map.groupBy(
    matchesName ? names.filter(({ ref }) => matchesName(ref)) : names,
    (name) => name.imageId,
  );
}

/** Tells of an image, with the names it would be listed under, whether it is listed. Labels are not looked at. */
function rowTest(
  { metadata }: Store,
  request: ImagesRequest,
  filters: ImageFilters,
  all: readonly ImageOutline[],
): (facts: ImageOutline, names: readonly BareName[]) => boolean {
  const { dangling, matchesName } = filters;
  const pinned = request.pinned ? new Set(metadata.pinnedImages()) : undefined;
  const parents = new Set(all.map((facts) => facts.parent));
  const isInAge = ageTest(metadata, filters);
  return (facts, names) => {
    if ((pinned && !pinned.has(facts.id)) || !matchesFacts(filters, facts) || !isInAge(facts)) return false;
    const isParent = parents.has(facts.id);
    if (dangling === true && (isParent || names.some((name) => name.ref.tag !== undefined))) return false;
    if (names.length > 0) return true;
    if (matchesName || (isParent && !request.all)) return false;
    // One platform's part of something named is not dangling, though it has no name of its own.
    return dangling === undefined || dangling !== metadata.isNamed(facts.manifest.digest);
  };
}

/** `before` and `since`. Throws `IMAGE_UNKNOWN`. */
function ageTest(metadata: ImageStore, filters: ImageFilters): (facts: ImageOutline) => boolean {
  const agesOf = (images: readonly string[]) =>
    images.map((image) => createdMs(resolveImage(metadata, image).facts));
  const [before, since] = [agesOf(filters.before), agesOf(filters.since)];
  return (facts) => {
    const created = createdMs(facts);
    return (
      (before.length === 0 || before.some((age) => created < age)) &&
      (since.length === 0 || since.some((age) => created > age))
    );
  };
}

async function withLabels<T extends { readonly facts: ImageOutline }>(
  { blobs }: Store,
  filters: ImageFilters,
  rows: readonly T[],
): Promise<readonly T[]> {
  if (filters.labels.length === 0) return rows;
  const { readLabels } = await import('./selection/image-labels.ts');
  const labels = await readLabels(
    blobs,
    rows.map(({ facts }) => facts.id),
  );
  return rows.filter(({ facts }) => matchesLabels(filters, labels.get(facts.id)));
}

function summaryOf(facts: ImageOutline, names: readonly BareName[]): ImageSummary {
  const { id, parent, size, platform } = facts;
  const created = createdDate(facts.created);
  const repoTags = familiarNames(names, 'tag');
  const repoDigests = familiarNames(names, 'digest');
  return parent === undefined
    ? { id, repoTags, repoDigests, created, size, platform }
    : { id, parent, repoTags, repoDigests, created, size, platform };
}

/** The names of an image as Docker prints them, in the order in which the metadata has them. */
export function familiarNames(names: readonly BareName[], kind: 'tag' | 'digest'): string[] {
  const familiar: string[] = [];
  for (const { ref } of names) if (ref[kind] !== undefined) familiar.push(familiarName(ref));
  return familiar;
}

/** `undefined` where a config says nothing, or Go's zero time. */
export function createdDate(created: string | undefined): Date | undefined {
  if (created === undefined) return undefined;
  const date = new Date(created);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** Images of one time stand in the order of their IDs: a listing is the same each time. */
function sortNewestFirst(images: readonly ImageSummary[]): ImageSummary[] {
  const timed = images.map((image) => ({ image, time: image.created?.getTime() ?? 0 }));
  timed.sort((a, b) => b.time - a.time || (a.image.id < b.image.id ? -1 : 1));
  return timed.map(({ image }) => image);
}
