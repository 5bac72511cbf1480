import type { Digest } from '../digest.ts';

/**
 * What decides the result of a step: equal inputs give an equal result, on any machine and day. What is not here
 * must not have a say.
 */
export interface StepInputs {
  /** What the step stands on: the layers below by their chain ID, `''` on an empty root. */
  readonly base: string;
  /** The instruction with its variables expanded, in a canonical form. */
  readonly instruction: string;
  /** What else has a say, by name: variables (`arg VERSION`), the user, the shell, the epoch, options. */
  readonly values: Readonly<Record<string, string>>;
  /** The files that it takes, by where they come from and go to; absent: none. */
  readonly files?: StepFiles;
}

/** The files of a step. */
export interface StepFiles {
  /** Over all of `list`. */
  readonly digest: Digest;
  /** A line per file, sorted by path: path, type, mode, owner and content's digest, for who explains a miss. */
  readonly list: () => Iterable<StepFile>;
}

export interface StepFile {
  /** In the source, bytes as `toLatin1` gives them. */
  readonly path: string;
  /** All about it but its times: equal texts are equal files. */
  readonly state: string;
}

/** What a step made. */
export interface StepResult {
  /** Absent: it made no layer, or an empty one. */
  readonly layer?: { readonly diffID: Digest; readonly digest: Digest; readonly size: number };
}
