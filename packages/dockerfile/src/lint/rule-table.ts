import type { Dockerfile, LintWarning, StageInstruction } from '../instruction.ts';
import type { LintContext, LintFacts } from './facts.ts';
import type { LintRule } from './rule.ts';
import { checkIgnoredSources, copyIgnoredFile } from './rules/copy-ignored.ts';
import * as expose from './rules/expose.ts';
import * as from from './rules/from.ts';
import * as instructions from './rules/instructions.ts';
import { checkMultipleInstructions, multipleInstructionsDisallowed } from './rules/multiple-instructions.ts';
import * as platform from './rules/platform.ts';
import { checkSecrets, secretsUsedInArgOrEnv } from './rules/secrets.ts';
import * as stageNames from './rules/stage-names.ts';
import { checkUndefinedVariables, undefinedVar } from './rules/variables.ts';
import type { Scope } from './scope.ts';
import { SOURCE_RULES } from './source-rules.ts';

/** Rules on stages as a whole. */
type StageCheck = (dockerfile: Dockerfile, facts: LintFacts) => LintWarning[];
/** Rules on one instruction with what holds before it. */
type InstructionCheck = (instruction: StageInstruction, scope: Scope, context: LintContext) => LintWarning[];

export const STAGE_RULES: readonly { readonly rule: LintRule; readonly check: StageCheck }[] = [
  { rule: stageNames.duplicateStageName, check: stageNames.checkDuplicateStageNames },
  { rule: stageNames.reservedStageName, check: stageNames.checkReservedStageNames },
  { rule: from.undefinedArgInFrom, check: from.checkFromArgs },
  { rule: from.invalidDefaultArgInFrom, check: from.checkDefaultArgs },
  { rule: multipleInstructionsDisallowed, check: checkMultipleInstructions },
  { rule: platform.redundantTargetPlatform, check: platform.checkRedundantPlatform },
  { rule: platform.fromPlatformFlagConstDisallowed, check: platform.checkConstantPlatform },
  { rule: secretsUsedInArgOrEnv, check: checkSecrets },
];

export const INSTRUCTION_RULES: readonly { readonly rule: LintRule; readonly check: InstructionCheck }[] = [
  { rule: instructions.jsonArgsRecommended, check: instructions.checkJsonArgs },
  { rule: instructions.workdirRelativePath, check: instructions.checkRelativeWorkdir },
  { rule: undefinedVar, check: checkUndefinedVariables },
  { rule: copyIgnoredFile, check: checkIgnoredSources },
  { rule: expose.exposeProtoCasing, check: expose.checkExposeProtocols },
  { rule: expose.exposeInvalidFormat, check: expose.checkExposeFormat },
];

/** All rules by name. BK `docs/rules`. */
export const LINT_RULES: ReadonlyMap<string, LintRule> = new Map(
  [...SOURCE_RULES, ...STAGE_RULES, ...INSTRUCTION_RULES].map(({ rule }) => [rule.name, rule]),
);
