import type { ImageTree } from '../../tree/image-tree.ts';
import type { SourceTree } from '../source-tree.ts';
import type { ReadLower } from './ownership.ts';

/**
 * Whose files they are. Those of a context and of the Dockerfile itself get the owner 0:0 and the epoch as their
 * time; an image's keep their owners and times; fetched ones keep their times.
 */
export type OriginKind = 'context' | 'heredoc' | 'image' | 'fetched';

/** A tree that is copied from, and what of it: `['/']` is all. */
export interface CopyOrigin {
  readonly kind: OriginKind;
  readonly tree: SourceTree;
  /** Paths and patterns, variables expanded. */
  readonly sources: readonly string[];
}

/** A COPY or ADD, variables expanded. */
export interface CopyRequest {
  readonly verb: 'COPY' | 'ADD';
  /** In the order of the instruction: later files replace earlier ones. */
  readonly origins: readonly CopyOrigin[];
  readonly destination: string;
  readonly chown?: string;
  readonly chmod?: string;
  /** The layer is made as if there were nothing below it. */
  readonly isLinked?: boolean;
  readonly keepsParents?: boolean;
  readonly exclude?: readonly string[];
  /** Of ADD; `undefined`: archives of a context are unpacked, what was fetched is not. */
  readonly unpack?: boolean;
}

/** The times of a build, seconds since 1970. */
export interface BuildTimes {
  /** What the build itself makes has this one. */
  readonly epoch: number;
  /** `SOURCE_DATE_EPOCH`, where that is set: no file is younger. */
  readonly latest?: number;
}

/** The stage that is copied to. */
export interface CopyStage {
  readonly lower: ImageTree;
  readonly readLower: ReadLower;
  /** Absolute. */
  readonly workdir: string;
  readonly times: BuildTimes;
}
