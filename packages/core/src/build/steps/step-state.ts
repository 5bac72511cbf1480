import type { Dockerfile } from '@wherry/dockerfile';
import type { Platform } from '../../platform.ts';
import type { ResourceLimits, Ulimit } from '../../runtime/container-options.ts';
import type { BuildDeps, StageLayer } from '../build-deps.ts';
import type { StepName } from '../build-event.ts';
import { explain } from '../cache/explain.ts';
import { explanationText } from '../cache/explanation-text.ts';
import type { SourceTree } from '../source-tree.ts';
import type { StageArguments } from '../stage-arguments.ts';
import type { StageFiles } from '../stage-files.ts';
import type { StageImage } from '../stage-image.ts';
import type { StepInputs } from '../step-inputs.ts';

/** What all steps of a stage know. */
export interface StageContext {
  readonly deps: BuildDeps;
  readonly dockerfile: Dockerfile;
  readonly options: StepOptions;
  readonly platform: Platform;
  /** Seconds since 1970: the time of all that the stage makes. */
  readonly epoch: number;
  /** `SOURCE_DATE_EPOCH`, where that is set: files that are taken over are no younger. */
  readonly latest?: number;
  /** The cache is not asked, only filled. */
  readonly noCache: boolean;
  readonly files: StageFiles;
  /** What a `--from` names. */
  takeFrom(text: string, step: StepName): Promise<TakenSource>;
}

export interface TakenSource {
  /** The layers behind it; absent: it is a context. */
  readonly layers?: readonly StageLayer[];
  tree(): Promise<SourceTree>;
}

export interface StepOptions {
  /** Steps say why they hit or missed the cache. */
  readonly explain: boolean;
  readonly network?: 'none' | 'host';
  /** `name:address` each. */
  readonly extraHosts: readonly string[];
  readonly limits: RunLimits;
}

/** How RUN's processes are confined. */
export interface RunLimits {
  readonly resources?: ResourceLimits;
  readonly ulimits?: readonly Ulimit[];
  readonly shmSizeBytes?: number;
  readonly cgroupParent?: string;
}

/** Where a stage stands before a step. */
export interface StepState {
  readonly image: StageImage;
  readonly args: StageArguments;
  /** The stage had a CMD of its own. */
  readonly hasCommand: boolean;
  readonly step: StepName;
  /** What the step has in common with its earlier forms. */
  readonly slot: string;
}

/** What a step that makes a layer came to. */
export interface LayerOutcome {
  /** Absent: it changed nothing. */
  readonly layer?: StageLayer;
  readonly isCached: boolean;
  /** Of its container. */
  readonly id?: string;
  /** For the history. */
  readonly createdBy: string;
  /** Why it hit or missed the cache, where that was asked for. */
  readonly explanation?: string;
  /** Settles when all of it is on disk, and in the cache, or cannot be; absent: it is. Somebody must look at it. */
  readonly kept?: Promise<void>;
}

/** Tells why a step need not run, or must; nothing, where nobody asked. To be called before it runs. */
export async function explanationOf(
  { deps, options, noCache }: StageContext,
  { slot, step }: StepState,
  inputs: StepInputs,
): Promise<{ readonly explanation?: string }> {
  if (!options.explain) return {};
  const explained = { inputs, slot, description: step.text, ...(noCache && { noCache }) };
  return { explanation: explanationText(await explain(explained, deps.cache)) };
}
