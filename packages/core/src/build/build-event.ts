import type { LintWarning } from '@wherry/dockerfile';
import type { Digest } from '../digest.ts';
import type { ProgressEvent } from '../events.ts';
import type { Platform } from '../platform.ts';
import type { Reference } from '../reference.ts';

/** One step of a build, as it is shown. */
export interface StepName {
  /** From 1, over all stages that are built, in the order of the Dockerfile; platforms go one after the other. */
  readonly number: number;
  readonly total: number;
  /** Position of its stage in the Dockerfile, from 0. */
  readonly stage: number;
  readonly stageName?: string;
  /** The instruction as written, continuations joined; `# ` and its trigger for ONBUILD's. */
  readonly text: string;
}

/** What an image's step ended with. */
export interface StepOutcome {
  readonly step: StepName;
  /** The image as it is after this step; absent after `FROM scratch`. */
  readonly image?: Digest;
}

/**
 * Progress of a build: plain data. Steps of different stages come interleaved, those of one stage in order; who wants
 * them in the order of the Dockerfile puts them there.
 */
export type BuildEvent = BuildHappening & {
  /** What the event is about, in a build for several platforms. */
  readonly platform?: Platform;
};

type BuildHappening =
  | { readonly kind: 'build-context'; readonly bytes: number; readonly isDone: boolean }
  /** A remote context comes. */
  | {
      readonly kind: 'build-download';
      readonly url: string;
      readonly current: number;
      readonly total?: number;
    }
  /** What follows is of this one of the two builds that a verification makes. */
  | { readonly kind: 'build-attempt'; readonly number: 1 | 2 }
  | { readonly kind: 'build-step'; readonly step: StepName }
  /** Of a pull for a FROM. */
  | { readonly kind: 'build-pull'; readonly step: StepName; readonly event: ProgressEvent }
  /** The instructions that the base brings along. */
  | { readonly kind: 'build-triggers'; readonly step: StepName; readonly count: number }
  | ({
      readonly kind: 'build-step-cached';
      /** Why it hit, in a sentence, where that was asked for. */
      readonly explanation?: string;
    } & StepOutcome)
  | {
      readonly kind: 'build-step-runs';
      readonly step: StepName;
      /** Of the container, or of the step. */
      readonly id: string;
      /** Why it missed, in a sentence, where that was asked for. */
      readonly explanation?: string;
    }
  | {
      readonly kind: 'build-output';
      readonly step: StepName;
      readonly stream: 'stdout' | 'stderr';
      readonly chunk: Uint8Array;
    }
  | ({
      readonly kind: 'build-step-done';
      /** Of the container, or of the step, that ran. */
      readonly id?: string;
      /** Why it missed the cache, where that was asked for and not said before. */
      readonly explanation?: string;
    } & StepOutcome)
  | { readonly kind: 'build-step-failed'; readonly step: StepName; readonly error: Error }
  | { readonly kind: 'build-warning'; readonly message: string }
  /** What Docker's classic builder says of a Dockerfile before its steps, in lines; `build-lint` has it too. */
  | { readonly kind: 'build-notice'; readonly text: string }
  | { readonly kind: 'build-lint'; readonly warning: LintWarning }
  | { readonly kind: 'build-export'; readonly message: string; readonly isDone: boolean }
  /** Of the push of one name. */
  | { readonly kind: 'build-push'; readonly ref: Reference; readonly event: ProgressEvent }
  | { readonly kind: 'built'; readonly id: Digest }
  | { readonly kind: 'build-tagged'; readonly ref: Reference };

/** Told how a build gets on. A program that prints waits, with `build-output`, until that is dealt with. */
export type BuildEventSink = ((event: BuildEvent) => void) | ((event: BuildEvent) => Promise<void>);
