import type { Digest } from '../../digest.ts';

/** A layer to have unpacked: its tar's digest, and the blob in the store that has it, packed or not. */
export interface SnapshotLayer {
  readonly diffID: Digest;
  readonly blob: Digest;
}

/** A layer's files, ready to be a lower directory of an overlay. */
export interface Snapshot {
  readonly diffID: Digest;
  /** Absolute path of the lower directory. Nobody may change anything in it. */
  readonly directory: string;
  /** Directories, below it, that hide what lower layers have in them; one character per byte. */
  readonly opaque: readonly string[];
}

/** Keeps snapshots from being removed until it is disposed, or the process ends. */
export interface SnapshotLease extends AsyncDisposable {
  /** In the order that was asked for. */
  readonly snapshots: readonly Snapshot[];
  /** Keeps them beyond this process, until `releaseHold`; `holder` is a container's ID or the like. */
  hold(holder: string): Promise<void>;
}

export interface SnapshotInfo {
  readonly diffID: Digest;
  /** Bytes of the files in it. */
  readonly size: number;
  readonly entries: number;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
  readonly isInUse: boolean;
}
