import type { Compression } from '../compression/compression.ts';
import type { Digest } from '../digest.ts';

/** What one pass over a layer's bytes finds. */
export interface LayerFacts {
  /** Digest of the bytes as they came. */
  readonly digest: Digest;
  /** Bytes as they came. */
  readonly size: number;
  /** Digest of the uncompressed tar. */
  readonly diffID: Digest;
  /** Bytes of the uncompressed tar. */
  readonly tarSize: number;
  /** Bytes of the regular files in it and of symlinks' targets: what Docker counts as the layer's size. */
  readonly contentSize: number;
  /** Entries in the tar. */
  readonly entries: number;
  readonly compression: Compression;
  /** Bytes of the blob behind its last gzip member, which stricter readers refuse; absent: none that were seen. */
  readonly trailingBytes?: number;
}
