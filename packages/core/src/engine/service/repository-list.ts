import type { RegistryCatalogStore } from '../../metadata/metadata-store.ts';
import type { MayRead } from './blob-access.ts';
import type { RepositoryPage } from './registry-service.ts';

/** Repositories that are read from the metadata at once, where some may not be shown. */
const BATCH = 1000;

type Read = (options: { readonly last?: string; readonly limit?: number }) => string[];

/** The repositories that `mayRead` allows, after `last`, at most `limit`. */
export function listRepositories(
  metadata: Pick<RegistryCatalogStore, 'listRepositories'>,
  page: RepositoryPage = {},
): string[] {
  return readableOf((options) => metadata.listRepositories(options), page);
}

/** Those of them with `text` in their names. */
export function searchRepositories(
  metadata: Pick<RegistryCatalogStore, 'searchRepositories'>,
  text: string,
  page: RepositoryPage = {},
): string[] {
  return readableOf((options) => metadata.searchRepositories(text, options), page);
}

function readableOf(read: Read, { mayRead, ...options }: RepositoryPage): string[] {
  return mayRead ? filtered(read, mayRead, options) : read(options);
}

function filtered(
  read: Read,
  mayRead: MayRead,
  { last, limit = Number.POSITIVE_INFINITY }: { readonly last?: string; readonly limit?: number },
): string[] {
  const found: string[] = [];
  for (let from = last; found.length < limit; ) {
    const batch = read({ limit: BATCH, ...(from !== undefined && { last: from }) });
    found.push(...batch.filter(mayRead));
    from = batch.at(-1);
    if (batch.length < BATCH) break;
  }
  return found.slice(0, limit);
}
