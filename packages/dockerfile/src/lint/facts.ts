import type { Dockerfile, Stage } from '../instruction.ts';

/** What a Dockerfile alone does not tell. All of it is optional: a rule that lacks something is silent. */
export interface LintFacts {
  /** The values that the build is given. */
  readonly buildArgs?: ReadonlyMap<string, string>;
  /** Values of the automatic platform arguments. */
  readonly platformArgs?: ReadonlyMap<string, string>;
  /** The environment of the image that a stage is built from; `undefined`: not known. */
  baseEnv?(stage: Stage): ReadonlyMap<string, string> | undefined;
  /** Whether a path of the build context, without a slash at its beginning, is left out of it. */
  ignores?(path: string): boolean;
}

/** What a rule on one instruction has besides it. */
export interface LintContext {
  readonly dockerfile: Dockerfile;
  readonly facts: LintFacts;
}
