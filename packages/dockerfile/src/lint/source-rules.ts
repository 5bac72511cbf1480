import type { LintWarning } from '../instruction.ts';
import type { PlacedStatement } from '../lines.ts';
import type { LintRule } from './rule.ts';
import * as casing from './rules/casing.ts';
import * as deprecated from './rules/deprecated.ts';
import { checkDescriptions, invalidDefinitionDescription } from './rules/descriptions.ts';

/** Rules on how a Dockerfile is written; they run as it is read. */
type SourceCheck = (statements: readonly PlacedStatement[]) => LintWarning[];

export const SOURCE_RULES: readonly { readonly rule: LintRule; readonly check: SourceCheck }[] = [
  { rule: casing.stageNameCasing, check: casing.checkStageNameCasing },
  { rule: casing.fromAsCasing, check: casing.checkFromAsCasing },
  { rule: casing.consistentInstructionCasing, check: casing.checkInstructionCasing },
  { rule: deprecated.noEmptyContinuation, check: deprecated.checkEmptyContinuations },
  { rule: deprecated.maintainerDeprecated, check: deprecated.checkMaintainer },
  { rule: deprecated.legacyKeyValueFormat, check: deprecated.checkLegacyKeyValues },
  { rule: invalidDefinitionDescription, check: checkDescriptions },
];
