import type { LintWarning } from '../../instruction.ts';
import type { PlacedStatement } from '../../lines.ts';
import { defineRule, finding } from '../rule.ts';

export const stageNameCasing = defineRule('StageNameCasing', 'Stage names should be lowercase');
export const fromAsCasing = defineRule(
  'FromAsCasing',
  "The 'as' keyword should match the case of the 'from' keyword",
);
export const consistentInstructionCasing = defineRule(
  'ConsistentInstructionCasing',
  'All commands within the Dockerfile should use the same casing (either upper or lower)',
);

export function checkStageNameCasing(statements: readonly PlacedStatement[]): LintWarning[] {
  return statements.flatMap(({ name, args, location }) => {
    const stageName = name === 'from' ? args[2] : undefined;
    if (stageName === undefined || isLower(stageName)) return [];
    return [finding(stageNameCasing, `Stage name '${stageName}' should be lowercase`, location)];
  });
}

/** A FROM whose own case is mixed is left to the rule on instructions. */
export function checkFromAsCasing(statements: readonly PlacedStatement[]): LintWarning[] {
  return statements.flatMap(({ name, keyword, args, location }) => {
    const as = name === 'from' ? args[1] : undefined;
    if (as === undefined || !(isLower(keyword) || isUpper(keyword))) return [];
    if (isLower(keyword) ? isLower(as) : isUpper(as)) return [];
    return [finding(fromAsCasing, `'${as}' and '${keyword}' keywords' casing do not match`, location)];
  });
}

/** Arguments before the first stage neither count nor are told. */
export function checkInstructionCasing(statements: readonly PlacedStatement[]): LintWarning[] {
  const first = statements.findIndex(({ name }) => name === 'from');
  const inStages = statements.slice(first);
  const lowerCount = inStages.filter(({ keyword }) => isLower(keyword)).length;
  const upperCount = inStages.filter(({ keyword }) => isUpper(keyword)).length;
  const [casing, suits] =
    lowerCount > upperCount ? (['lowercase', isLower] as const) : (['uppercase', isUpper] as const);
  return inStages.flatMap(({ keyword, location }) => {
    if (suits(keyword)) return [];
    const message = `Command '${keyword}' should match the case of the command majority (${casing})`;
    return [finding(consistentInstructionCasing, message, location)];
  });
}

function isLower(word: string): boolean {
  return word === word.toLowerCase();
}

function isUpper(word: string): boolean {
  return word === word.toUpperCase();
}
