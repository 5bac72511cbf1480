import type { Snapshot } from '../../rootfs/snapshots/snapshot.ts';

/** Files that a step mounts: a directory of the host, or unpacked layers, base first, which the caller holds. */
export type MountedFiles =
  | { readonly kind: 'directory'; readonly directory: string }
  | { readonly kind: 'layers'; readonly layers: readonly Pick<Snapshot, 'directory' | 'opaque'>[] };

/** How steps that use a cache at the same time get along. BK reference, "RUN --mount=type=cache". */
export type CacheSharing =
  /** They write to it together. */
  | 'shared'
  /** Each has one of its own. */
  | 'private'
  /** One waits for the other. */
  | 'locked';

interface MountBase {
  /** Absolute. */
  readonly target: string;
}

export interface BindMount extends MountBase {
  readonly type: 'bind';
  readonly files: MountedFiles;
  /** What of them is mounted, a directory or a file; absent: all. Links are followed, and lead nowhere outside. */
  readonly source?: string;
  /** The step may write; what it writes is thrown away. */
  readonly isWritable?: boolean;
}

export interface CacheMount extends MountBase {
  readonly type: 'cache';
  /** Caches with the same one are the same. */
  readonly id: string;
  readonly sharing: CacheSharing;
  readonly isReadOnly?: boolean;
  /** Of a cache that is made; 0 for both, and 0755, unless given. */
  readonly uid?: number;
  readonly gid?: number;
  readonly mode?: number;
  /** What a cache that is made begins with; absent: nothing. */
  readonly initial?: { readonly files: MountedFiles; readonly source?: string };
}

export interface TmpfsMount extends MountBase {
  readonly type: 'tmpfs';
  /** Bytes; absent: as much as the kernel gives, half of the memory. */
  readonly size?: number;
}

export interface SecretMount {
  readonly type: 'secret';
  readonly value: Uint8Array;
  /** Where its file is; absent: it has none. */
  readonly target?: string;
  /** The variable that has it; absent: none. */
  readonly env?: string;
  /** 0 for both, and 0400, unless given. */
  readonly uid?: number;
  readonly gid?: number;
  readonly mode?: number;
}

export interface SshMount extends MountBase {
  readonly type: 'ssh';
  /** The agent's socket on the host, absolute. */
  readonly socket: string;
  /** Of the socket that the step sees; 0 for both, and 0600, unless given. */
  readonly uid?: number;
  readonly gid?: number;
  readonly mode?: number;
}

/** A `--mount` of RUN, with all that it names found. */
export type RunMount = BindMount | CacheMount | TmpfsMount | SecretMount | SshMount;
