import type { FsBlobStore } from '../../content/fs-blob-store.ts';
import type { LayoutEntry } from '../../content/oci-layout.ts';
import type { Digest } from '../../digest.ts';
import type { ImageFacts } from '../../metadata/metadata-store.ts';
import type { SqliteMetadataStore } from '../../metadata/sqlite-metadata-store.ts';
import type { HashEngine } from './hash-engine.ts';

/** Content and metadata of one root, opened together. */
export interface Store {
  readonly root: string;
  readonly blobs: FsBlobStore;
  readonly metadata: SqliteMetadataStore;
  /** The faster engine on this machine, measured once for a store, when there are `bytes` enough to hash. */
  hashEngine(bytes?: number): HashEngine;
  /** Makes the layout's `index.json` say what the names say. */
  publishIndex(): Promise<void>;
  /** Tells whether it does, once what a killed process left to do is done. */
  isIndexCurrent(): Promise<boolean>;
  /**
   * How `index.json` came to be: `unwritten`: this metadata never wrote it, it is new or was lost; `behind`: a
   * process was killed between the names and the index; `written`: all that was named was written.
   */
  indexHistory(): 'unwritten' | 'behind' | 'written';
  /**
   * What `index.json` named when this metadata, being new, first wrote it. The index goes on naming it, until a
   * repair has looked at it.
   */
  lostNames(): LayoutEntry[];
  forgetLostNames(): void;
  /** The digest that a blob's bytes really have. Throws `BLOB_UNKNOWN`. */
  hashOf(digest: Digest): Promise<Digest>;
  /** The blobs that an image alone may hold: candidates for the sweep once it is gone. */
  contentOf(facts: ImageFacts): Digest[];
  /** Deletes those of `candidates` that nothing holds, with their TOCs; absent: whatever nothing holds. */
  sweep(candidates?: readonly Digest[]): Promise<Digest[]>;
  /** Deletes a bad blob and what is known of it, whoever names it: the next pull fetches it. */
  drop(digest: Digest): void;
  /** Files under the root that belong to nothing, as paths from the root. */
  strayFiles(): Promise<string[]>;
  removeStrayFile(path: string): Promise<void>;
  close(): void;
}
