import type { RegistryCatalogStore } from '../../metadata/metadata-store.ts';

/** Answers that are kept; the next one after them begins anew. */
const MAX_ENTRIES = 10_000;

/** What is asked of the catalogue with nearly every request. */
export type CatalogReads = Pick<
  RegistryCatalogStore,
  'findTag' | 'findManifest' | 'listTags' | 'findBlobLink'
>;

/** The metadata, and a number or text that is another one after each change by whatever process. */
export interface RevisedCatalog extends CatalogReads {
  revision(): string;
}

/**
 * Keeps the catalogue's answers for as long as nobody changes the metadata. The revision is asked for once in
 * a turn of the event loop: the requests of a turn were all on their way before it, and no one of them can know
 * of a change that came after.
 */
export function cacheCatalog(metadata: RevisedCatalog): CatalogReads & { readonly forget: () => void } {
  const answers = new Map<string, unknown>();
  let revision: string | undefined;
  let isAsked = false;
  const forget = () => {
    isAsked = false;
  };
  const refresh = () => {
    isAsked = true;
    setImmediate(forget);
    const current = metadata.revision();
    if (current === revision && answers.size < MAX_ENTRIES) return;
    answers.clear();
    revision = current;
  };
  const keep = <T>(key: string, read: () => T): T => {
    if (!isAsked) refresh();
    const known = answers.get(key) as T | undefined;
    if (known !== undefined) return known;
    const found = read();
    // What is not there is asked for again: hostile clients know endless names of such.
    if (found !== undefined) answers.set(key, found);
    return found;
  };
  return {
    forget,
    findTag: (repository, tag) => keep(`t ${repository} ${tag}`, () => metadata.findTag(repository, tag)),
    findManifest: (repository, digest) =>
      keep(`m ${repository} ${digest}`, () => metadata.findManifest(repository, digest)),
    listTags: (repository, options = {}) =>
      keep(`l ${repository} ${options.limit} ${options.last}`, () => metadata.listTags(repository, options)),
    findBlobLink: (repository, digest) =>
      keep(`b ${repository} ${digest}`, () => metadata.findBlobLink(repository, digest)),
  };
}
