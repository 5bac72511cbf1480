import type { Digest } from '../digest.ts';
import type { DocumentRecord } from './metadata-store.ts';

/** What is gone from a repository: a manifest, or with `tag` that alone. */
export interface GoneFromCatalog {
  readonly digest?: Digest;
  readonly tag?: string;
}

/** Hears of what happens to the catalogue, in the transaction of each change: what it throws undoes the change. */
export interface CatalogObserver {
  /** Before a manifest is recorded. Throws `DENIED` when it must not be. */
  admit?(repository: string, document: DocumentRecord): void;
  pushed?(repository: string, document: DocumentRecord, tags: readonly string[]): void;
  deleted?(repository: string, gone: GoneFromCatalog): void;
}
