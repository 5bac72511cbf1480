import { DockerfileError } from '../errors.ts';
import { expandWord } from '../expand/expand.ts';
import type { ArgInstruction, Dockerfile, EnvInstruction, Stage, StageInstruction } from '../instruction.ts';
import type { LintFacts } from './facts.ts';

/** What holds at some place of a stage. */
export interface Scope {
  readonly environment: ReadonlyMap<string, string>;
  /** Declared ones; `undefined`: without a value. */
  readonly args: ReadonlyMap<string, string | undefined>;
  /** `false`: the base image may have variables that are not known. */
  readonly isEnvironmentKnown: boolean;
  /** A SHELL stands before, here or in a stage below. */
  readonly hasShell: boolean;
  /** So does a WORKDIR. */
  readonly hasWorkdir: boolean;
}

interface ScopeState extends Scope {
  readonly environment: Map<string, string>;
  readonly args: Map<string, string | undefined>;
  hasShell: boolean;
  hasWorkdir: boolean;
}

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Walks through all stages, each on top of what its base stage ends with, and shows each instruction with what
 * holds before it. The scope changes as the walk goes on.
 */
export function walkStages(
  dockerfile: Dockerfile,
  facts: LintFacts,
  visit: (instruction: StageInstruction, scope: Scope) => void,
): void {
  const around = { dockerfile, facts, globals: globalScope(dockerfile, facts) };
  const named = new Map<string, ScopeState>();
  for (const stage of dockerfile.stages) {
    const image = tryExpand(stage.from.image, around.globals, dockerfile);
    const scope = beginStage(stage, image, named.get(image.toLowerCase()), facts);
    for (const instruction of stage.instructions) {
      visit(instruction, scope);
      advance(scope, instruction, around);
    }
    if (stage.from.stageName !== undefined) named.set(stage.from.stageName, scope);
  }
}

/** The arguments that FROM lines see. Without build arguments: their defaults. */
export function globalScope(
  dockerfile: Dockerfile,
  facts: Pick<LintFacts, 'buildArgs' | 'platformArgs'>,
): ReadonlyMap<string, string> {
  const values = new Map(facts.platformArgs);
  for (const { args } of dockerfile.globalArgs) {
    for (const { key, value } of args) {
      const given = facts.buildArgs?.get(key) ?? (value && tryExpand(value, values, dockerfile)) ?? value;
      if (given !== undefined) values.set(key, given);
    }
  }
  return values;
}

/** The value of a name, where the environment wins over arguments. */
export function lookUp({ environment, args }: Scope, name: string): string | undefined {
  return environment.get(name) ?? args.get(name);
}

/** The word itself where it cannot be read: the build tells that mistake. */
export function tryExpand(
  word: string,
  variables: ReadonlyMap<string, string> | ((name: string) => string | undefined),
  { escape: escapeCharacter }: Pick<Dockerfile, 'escape'>,
): string {
  try {
    return expandWord(word, variables, { escape: escapeCharacter });
  } catch (error) {
    if (error instanceof DockerfileError) return word;
    throw error;
  }
}

function beginStage(stage: Stage, image: string, base: Scope | undefined, facts: LintFacts): ScopeState {
  if (base !== undefined)
    return { ...base, environment: new Map(base.environment), args: new Map(base.args) };
  const known = image === 'scratch' ? new Map<string, string>() : facts.baseEnv?.(stage);
  return {
    environment: new Map([['PATH', DEFAULT_PATH], ...(known ?? [])]),
    args: new Map(),
    isEnvironmentKnown: known !== undefined,
    hasShell: false,
    hasWorkdir: false,
  };
}

interface Surroundings {
  readonly dockerfile: Dockerfile;
  readonly facts: LintFacts;
  readonly globals: ReadonlyMap<string, string>;
}

function advance(scope: ScopeState, instruction: StageInstruction, around: Surroundings): void {
  if (instruction.kind === 'env') setVariables(scope, instruction, around.dockerfile);
  else if (instruction.kind === 'arg') setArgs(scope, instruction, around);
  else if (instruction.kind === 'shell') scope.hasShell = true;
  else if (instruction.kind === 'workdir') scope.hasWorkdir = true;
}

/** All values of one ENV see what was before it. */
function setVariables(scope: ScopeState, { variables }: EnvInstruction, dockerfile: Dockerfile): void {
  const expand = (word: string) => tryExpand(word, (name) => lookUp(scope, name), dockerfile);
  const added = variables.map(({ key, value }) => [expand(key), expand(value)] as const);
  for (const [key, value] of added) scope.environment.set(key, value);
}

function setArgs(scope: ScopeState, { args }: ArgInstruction, around: Surroundings): void {
  const { dockerfile, facts, globals } = around;
  for (const { key, value } of args) {
    const expanded = value && tryExpand(value, (name) => lookUp(scope, name), dockerfile);
    scope.args.set(key, facts.buildArgs?.get(key) ?? expanded ?? value ?? globals.get(key));
  }
}
