import type { Dockerfile, LintWarning } from '../../instruction.ts';
import { quote } from '../../quote.ts';
import { defineRule, finding } from '../rule.ts';

export const duplicateStageName = defineRule('DuplicateStageName', 'Stage names should be unique');
export const reservedStageName = defineRule(
  'ReservedStageName',
  'Reserved words should not be used as stage names',
);

const RESERVED: readonly string[] = ['context', 'scratch'];

export function checkDuplicateStageNames({ stages }: Dockerfile): LintWarning[] {
  const seen = new Set<string>();
  return stages.flatMap(({ from: { stageName, location } }) => {
    if (stageName === undefined) return [];
    if (!seen.has(stageName)) {
      seen.add(stageName);
      return [];
    }
    const message = `Duplicate stage name ${quote(stageName)}, stage names should be unique`;
    return [finding(duplicateStageName, message, location)];
  });
}

export function checkReservedStageNames({ stages }: Dockerfile): LintWarning[] {
  return stages.flatMap(({ from: { stageName, location } }) => {
    if (stageName === undefined || !RESERVED.includes(stageName)) return [];
    const message = `Stage name should not use the same name as reserved stage ${quote(stageName)}`;
    return [finding(reservedStageName, message, location)];
  });
}
