import type { Digest } from '../digest.ts';
import type { ImageName, ImageOutline } from '../metadata/metadata-store.ts';
import { familiarName, formatReference, repositoryOf } from '../reference.ts';
import type { ImageSummary, ImagesRequest } from './engine.ts';
import { globToRegExp } from './glob.ts';
import type { Store } from './store.ts';

/** Lists images, newest first, from metadata alone: no document is opened. */
export async function images(
  deps: { readonly store: Store },
  request: ImagesRequest = {},
): Promise<ImageSummary[]> {
  const { metadata } = deps.store;
  const byImage = new Map<Digest, ImageName[]>();
  const matches = request.pattern === undefined ? undefined : nameMatcher(request.pattern);
  for (const name of metadata.listNames()) {
    if (matches && !matches(name)) continue;
    const names = byImage.get(name.imageId);
    if (names) names.push(name);
    else byImage.set(name.imageId, [name]);
  }
  const all = metadata.listImageOutlines();
  const parents = new Set(all.map((facts) => facts.parent));
  const rows: ImageSummary[] = [];
  for (const facts of all) {
    const names = byImage.get(facts.id) ?? [];
    if (names.length === 0 && (matches || (!request.all && parents.has(facts.id)))) continue;
    rows.push(summaryOf(facts, names));
  }
  return rows.sort(newestFirst);
}

function summaryOf(facts: ImageOutline, names: readonly ImageName[]): ImageSummary {
  return {
    id: facts.id,
    ...(facts.parent && { parent: facts.parent }),
    repoTags: familiarNames(names, 'tag'),
    repoDigests: familiarNames(names, 'digest'),
    created: createdDate(facts.created),
    size: facts.size,
    platform: facts.platform,
  };
}

/** The names of an image as Docker prints them, in the order of their full forms: `docker.io/…` is one. */
export function familiarNames(names: readonly ImageName[], kind: 'tag' | 'digest'): string[] {
  return names
    .map(({ ref }) => ref)
    .filter((ref) => ref[kind] !== undefined)
    .map((ref) => ({ full: formatReference(ref), familiar: familiarName(ref) }))
    .sort((a, b) => (a.full < b.full ? -1 : 1))
    .map(({ familiar }) => familiar);
}

/** `undefined` where a config says nothing, or Go's zero time. */
export function createdDate(created: string | undefined): Date | undefined {
  if (created === undefined) return undefined;
  const date = new Date(created);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** Docker matches the pattern with the familiar name, with and without its tag or digest. */
function nameMatcher(pattern: string): (name: ImageName) => boolean {
  const expression = globToRegExp(pattern);
  return (name) =>
    expression.test(familiarName(name.ref)) || expression.test(familiarName(repositoryOf(name.ref)));
}

/** Images of one time stand in the order of their IDs: a listing is the same each time. */
function newestFirst(a: ImageSummary, b: ImageSummary): number {
  const byTime = (b.created?.getTime() ?? 0) - (a.created?.getTime() ?? 0);
  if (byTime !== 0) return byTime;
  return a.id < b.id ? -1 : 1;
}
