import type { ByteRange } from '../bytes/byte-range.ts';
import type { ByteSource } from '../bytes/byte-source.ts';
import type { Digest } from '../digest.ts';

export type { ByteRange } from '../bytes/byte-range.ts';

export interface BlobInfo {
  readonly digest: Digest;
  /** Bytes as stored. */
  readonly size: number;
}

export interface BlobReader {
  stat(digest: Digest): Promise<BlobInfo | undefined>;
  /** Throws `BLOB_UNKNOWN` at the first read when there is none, `INVALID_RANGE` outside the blob. */
  read(digest: Digest, range?: ByteRange): ByteSource;
}

export interface BlobIngester {
  /**
   * Opens the one writer of `key`, waiting while another process or task holds it. What an earlier
   * attempt left under `key` is kept: see `offset`. `signal` ends the wait with `CANCELLED`.
   */
  begin(key: string, options?: BeginOptions): Promise<BlobWriter>;
}

export interface BeginOptions {
  readonly digest?: Digest;
  readonly size?: number;
  /**
   * `'caller'`: the caller hashes the bytes itself, all of them, what an earlier attempt left included,
   * and hands the result to `commit`. Absent: the writer hashes.
   */
  readonly hashedBy?: 'caller';
  readonly signal?: AbortSignal;
}

/** Disposed without commit or abort, what was written stays, to be resumed under the same key. */
export interface BlobWriter extends AsyncDisposable {
  /** Bytes held from an earlier attempt; the next write lands behind them. */
  readonly offset: number;
  /** The blob is in the store already, by another writer's work: commit at once, nothing need be written. */
  readonly exists: boolean;
  /** The file being written, where the store has one: others may read it up to what is written. */
  readonly path?: string;
  /**
   * Resolves when the chunk has been handed to the system: other readers of `path` see it. One at a time.
   * Throws `SIZE_MISMATCH` as soon as there is more than `begin` was told.
   */
  write(chunk: Uint8Array): Promise<void>;
  /**
   * Begins to bring what is written to the disk, and waits for nothing: `commit` then finds less to do. Absent: there is
   * no disk.
   */
  flush?(): void;
  /**
   * Verifies digest and size against what `begin` was told, flushes, makes the blob visible. Fine when
   * the blob already exists; when `exists` was set and nothing was written, there is nothing to verify.
   * `hashed` is the caller's result (`hashedBy: 'caller'`), else ignored.
   * Throws `DIGEST_MISMATCH` or `SIZE_MISMATCH`; then what was held is dropped.
   */
  commit(hashed?: BlobInfo): Promise<BlobInfo>;
  /** Forgets what is held: the next attempt starts at 0. */
  abort(): Promise<void>;
}

/** A write that was broken off, or is open now. */
export interface PartialIngest {
  readonly key: string;
  /** Bytes held. */
  readonly bytes: number;
  readonly modifiedAt: Date;
}

export interface BlobManager {
  list(): AsyncIterable<BlobInfo>;
  /** Tells whether there was such a blob. */
  delete(digest: Digest): Promise<boolean>;
}

/** Blobs named by their digests. `testing/blob-store-suite.ts` holds every implementation. */
export interface BlobStore extends BlobReader, BlobIngester, BlobManager {}
