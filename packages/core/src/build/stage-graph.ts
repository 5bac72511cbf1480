import type { Dockerfile, Stage, StageInstruction } from '@wherry/dockerfile';
import { WherryError } from '../errors.ts';

/** What a stage stands on, and what `--from` takes from. */
export type StageSource =
  | { readonly kind: 'scratch' }
  /** Position of the stage. */
  | { readonly kind: 'stage'; readonly index: number }
  /** One of the build's named contexts. */
  | { readonly kind: 'context'; readonly name: string }
  | { readonly kind: 'image'; readonly text: string };

/** A stage that the target needs. */
export interface PlannedStage {
  /** Position in the Dockerfile, from 0. */
  readonly index: number;
  readonly stage: Stage;
  readonly base: StageSource;
  /** `FROM --platform`, variables expanded. */
  readonly platform?: string;
  /** Stages that must be built before, or at least whose files it takes. */
  readonly needs: ReadonlySet<number>;
}

export interface StageGraphOptions {
  /** A stage's name or position; absent: the last one. */
  readonly target?: string;
  /** Gives the variables of a FROM line their values. */
  readonly expand: (word: string) => string;
  readonly contextNames?: ReadonlySet<string>;
}

/**
 * Finds the stages that the target needs, in the order of the Dockerfile; the target is the last. Throws
 * `INVALID_ARGUMENT` with Docker's message for a target that is not there, for a base without a name and for a
 * stage that would need itself.
 */
export function planStages(dockerfile: Dockerfile, options: StageGraphOptions): readonly PlannedStage[] {
  const { stages } = dockerfile;
  if (stages.length === 0)
    throw new WherryError('INVALID_DOCKERFILE', 'No image was generated. Is your Dockerfile empty?');
  const target = findTarget(stages, options.target);
  const planned = new Map<number, PlannedStage>();
  const visit = (index: number) => {
    if (planned.has(index)) return;
    const stage = planStage(stages, index, options);
    planned.set(index, stage);
    for (const needed of stage.needs) visit(needed);
  };
  visit(target);
  return [...planned.values()].sort((a, b) => a.index - b.index);
}

/** What a `--from` names, seen from a stage: only stages before it count. */
export function findSource(
  stages: readonly Stage[],
  index: number,
  text: string,
  contextNames: ReadonlySet<string> = new Set(),
): StageSource {
  const name = text.toLowerCase();
  const named = stages.slice(0, index).findLastIndex(({ from }) => from.stageName === name);
  if (named >= 0) return { kind: 'stage', index: named };
  if (contextNames.has(name)) return { kind: 'context', name };
  if (/^\d+$/.test(text)) {
    const number = Number(text);
    if (number < index) return { kind: 'stage', index: number };
    const fault = number === index ? 'refers to current build stage' : 'index out of bounds';
    throw new WherryError('INVALID_ARGUMENT', `invalid from flag value ${text}: ${fault}`);
  }
  return { kind: 'image', text };
}

/** The `--from` of an instruction's files and mounts. */
export function sourcesOf(instruction: StageInstruction): readonly string[] {
  if (instruction.kind === 'copy') return instruction.from === undefined ? [] : [instruction.from];
  if (instruction.kind !== 'run') return [];
  return instruction.mounts.flatMap(({ from }) => (from === undefined ? [] : [from]));
}

function planStage(
  stages: readonly Stage[],
  index: number,
  { expand, contextNames = new Set() }: StageGraphOptions,
): PlannedStage {
  const stage = stages[index];
  if (stage === undefined) throw new Error(`there is no stage ${index}`);
  const { from } = stage;
  const text = expand(from.image);
  if (text === '') throw new WherryError('INVALID_ARGUMENT', `base name (${from.image}) should not be blank`);
  const base = findBase(stages, index, text, contextNames);
  const platform = from.platform && expand(from.platform);
  const used = stage.instructions
    .flatMap(sourcesOf)
    .map((name) => findSource(stages, index, name, contextNames));
  const needs = new Set([base, ...used].flatMap((source) => (source.kind === 'stage' ? [source.index] : [])));
  return { index, stage, base, needs, ...(platform && { platform }) };
}

/** Unlike a `--from`, a FROM knows no numbers. */
function findBase(
  stages: readonly Stage[],
  index: number,
  text: string,
  contextNames: ReadonlySet<string>,
): StageSource {
  if (text === 'scratch') return { kind: 'scratch' };
  return /^\d+$/.test(text) ? { kind: 'image', text } : findSource(stages, index, text, contextNames);
}

function findTarget(stages: readonly Stage[], target: string | undefined): number {
  if (target === undefined) return stages.length - 1;
  const named = stages.findIndex(({ from }) => from.stageName === target.toLowerCase());
  if (named >= 0) return named;
  const number = /^\d+$/.test(target) ? Number(target) : -1;
  if (number >= 0 && number < stages.length) return number;
  throw new WherryError('INVALID_ARGUMENT', `failed to reach build target ${target} in Dockerfile`);
}
