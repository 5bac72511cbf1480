import { type Dockerfile, DockerfileError, expandWord, type StageInstruction } from '@wherry/dockerfile';
import { formatPlatform, type Platform } from '../platform.ts';
import type { StepName } from './build-event.ts';
import { type PlannedStage, planStages } from './stage-graph.ts';

/** What a build of one platform is to do. */
export interface BuildPlanRequest {
  readonly dockerfile: Dockerfile;
  /** A stage's name or position; absent: the last one. */
  readonly target?: string;
  readonly buildArgs: Readonly<Record<string, string | undefined>>;
  /** Put on the result, sorted by name. */
  readonly labels: Readonly<Record<string, string>>;
  readonly contextNames: ReadonlySet<string>;
  /** Of the result. */
  readonly platform: Platform;
  /** Of this machine. */
  readonly host: Platform;
}

export interface PlannedStep {
  readonly instruction: StageInstruction;
  readonly step: StepName;
  /** It has its values already. */
  readonly isExpanded?: boolean;
}

/** A stage with its steps, numbered as they are shown. */
export interface NumberedStage extends PlannedStage {
  readonly fromStep: StepName;
  readonly steps: readonly PlannedStep[];
}

export interface BuildPlan {
  /** In the order of the Dockerfile; the target is the last. */
  readonly stages: readonly NumberedStage[];
  /** Those of `ARG` before the first FROM. */
  readonly globalSteps: readonly StepName[];
  /** How many steps there are. */
  readonly total: number;
  /** What is in force in FROM lines, and what stages may redeclare. */
  readonly globals: ReadonlyMap<string, string>;
}

/** Decides which stages are built and how their steps are called. Throws `INVALID_ARGUMENT`, `DockerfileError`. */
export function planBuild(request: BuildPlanRequest): BuildPlan {
  const { dockerfile, target, contextNames } = request;
  const globals = globalVariables(request);
  const planned = planStages(dockerfile, {
    contextNames,
    expand: (word) => expandWord(word, globals, { escape: dockerfile.escape }),
    ...(target !== undefined && { target }),
  });
  const labels = Object.keys(request.labels)
    .sort()
    .map((key) => labelInstruction(key, request.labels[key] ?? ''));
  const last = planned.at(-1);
  const total =
    dockerfile.globalArgs.length +
    planned.reduce((sum, { stage }) => sum + 1 + stage.instructions.length, 0) +
    labels.length;
  let number = 0;
  const name = (stage: number, text: string, stageName?: string): StepName => {
    number++;
    return { number, total, stage, text, ...(stageName !== undefined && { stageName }) };
  };
  const globalSteps = dockerfile.globalArgs.map(({ text }) => name(planned[0]?.index ?? 0, text));
  const stages = planned.map((each): NumberedStage => {
    const { index, stage } = each;
    const { stageName } = stage.from;
    const fromStep = name(index, stage.from.text, stageName);
    const own = stage.instructions.map((instruction) => ({
      instruction,
      step: name(index, instruction.text, stageName),
    }));
    const added = (each === last ? labels : []).map((instruction) => ({
      instruction,
      step: name(index, instruction.text, stageName),
      isExpanded: true,
    }));
    return { ...each, fromStep, steps: [...own, ...added] };
  });
  return { stages, globalSteps, total, globals };
}

function globalVariables({ dockerfile, buildArgs, platform, host }: BuildPlanRequest): Map<string, string> {
  const globals = new Map([...platformVariables('TARGET', platform), ...platformVariables('BUILD', host)]);
  for (const { args, location } of dockerfile.globalArgs)
    for (const { key, value } of args) {
      const given = buildArgs[key];
      const known =
        given ?? (value === undefined ? undefined : expandGlobal(value, globals, dockerfile, location));
      if (known !== undefined) globals.set(key, known);
    }
  return globals;
}

function expandGlobal(
  value: string,
  globals: ReadonlyMap<string, string>,
  dockerfile: Dockerfile,
  location: Dockerfile['globalArgs'][number]['location'],
): string {
  try {
    return expandWord(value, globals, { escape: dockerfile.escape });
  } catch (error) {
    throw error instanceof DockerfileError ? error.at({ location }) : error;
  }
}

/** BK reference, "Automatic platform ARGs in the global scope". */
function platformVariables(prefix: string, platform: Platform): [string, string][] {
  const { os, architecture, variant = '' } = platform;
  return [
    [`${prefix}PLATFORM`, formatPlatform(platform)],
    [`${prefix}OS`, os],
    [`${prefix}ARCH`, architecture],
    [`${prefix}VARIANT`, variant],
  ];
}

function labelInstruction(key: string, value: string): StageInstruction {
  const location = { startLine: 0, endLine: 0 };
  return { kind: 'label', labels: [{ key, value }], text: `LABEL ${key}=${value}`, location };
}
