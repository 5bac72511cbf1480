import type { Digest } from '../digest.ts';

/** A step of a build that need not run again. */
export interface BuildCacheRecord {
  /** Hexadecimal digits over all that decides what the step makes. */
  readonly key: string;
  /** Which step of which Dockerfile it is; its earlier forms have the same. */
  readonly slot: string;
  /** Key of the step before it. */
  readonly parent?: string;
  readonly kind: 'regular' | 'source.local' | 'source.git.checkout';
  /** The instruction as written; its beginning, where it is long. */
  readonly description: string;
  /** What the key was made of, to tell what another step has otherwise. */
  readonly inputs: {
    readonly base: string;
    readonly instruction: string;
    readonly values: Readonly<Record<string, string>>;
    readonly files?: Digest;
  };
  /** Absent: the step made none. `size`: bytes of the blob. */
  readonly layer?: { readonly diffID: Digest; readonly digest: Digest; readonly size: number };
  /** The image as it once was after the step; it may be gone. */
  readonly image?: Digest;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
  readonly useCount: number;
}

export type NewBuildCacheRecord = Omit<BuildCacheRecord, 'createdAt' | 'lastUsedAt' | 'useCount'>;

/** The build cache. The layers of its records stay as long as these do. */
export interface BuildCacheStore {
  findBuildCache(key: string): BuildCacheRecord | undefined;
  /** Least recently used first. */
  listBuildCache(): BuildCacheRecord[];
  /** Those of the slot, then those of the description elsewhere, newest first; at most `limit` of each. */
  latestBuildCache(slot: string, description: string, limit: number): BuildCacheRecord[];
  /**
   * Records a step, in the place of a record with the same key. Tells which layer that one had, if it was another.
   * A loss of power may undo it.
   */
  putBuildCache(record: NewBuildCacheRecord): Digest | undefined;
  /** Notes a use of records that are there; does nothing where the store cannot be written. */
  touchBuildCache(...keys: string[]): void;
  /**
   * Forgets records and returns their layers: candidates for the sweep. `remember`: that they were here is kept, of
   * the last few thousand.
   */
  deleteBuildCache(keys: readonly string[], options?: { readonly remember?: boolean }): Digest[];
  /** Of all layers that records have, each once, whoever else has them. */
  buildCacheBytes(): number;
  /** Tells whether a record was deleted with `remember`, and not put again. */
  wasBuildCacheRemoved(key: string): boolean;
}
