import type { Reason } from './decided.ts';

/** What Docker builds a case with: Debian's dockerd has both builders, in the versions of 20.10. */
export type DockerBuilder = 'classic' | 'buildkit';

/** A file of a context: its text or bytes, or what else it is. */
export type ContextFile =
  | string
  | Uint8Array
  | { readonly content?: string | Uint8Array; readonly mode?: number }
  | { readonly symlink: string }
  /** To a file that comes before it. */
  | { readonly hardLink: string }
  | { readonly directory: true; readonly mode?: number };

/** A place where two results differ on purpose. */
export interface DecidedDifference {
  /** As the comparison names it: `tree /path`, `config Env`, `history 3`, `status`, `error`. */
  readonly at: string;
  /** Absent: from both of Docker's builders, as far as the case is built with them. */
  readonly from?: DockerBuilder;
  readonly reason: Reason;
}

export interface BuildCase {
  readonly name: string;
  /** Lines. */
  readonly dockerfile: readonly string[];
  /** By path; directories on the way are made. */
  readonly files?: Readonly<Record<string, ContextFile>>;
  /** Of the context, beside `Dockerfile`. */
  readonly dockerignore?: readonly string[];
  readonly builder: DockerBuilder | 'both';
  /**
   * The same in the language of 20.10, where the case is written in a newer one; the files of both are in the context.
   * Only files and config are compared then.
   */
  readonly reference?: readonly string[];
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly target?: string;
  /** Texts by ID. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Neither builds it; what is said and the exit code are compared. */
  readonly fails?: true;
  readonly differs?: readonly DecidedDifference[];
}
