import type { LintWarning } from '../../instruction.ts';
import type { PlacedStatement } from '../../lines.ts';
import { defineRule, finding } from '../rule.ts';

export const noEmptyContinuation = defineRule(
  'NoEmptyContinuation',
  'Empty continuation lines will become errors in a future release',
);
export const maintainerDeprecated = defineRule(
  'MaintainerDeprecated',
  'The MAINTAINER instruction is deprecated, use a label instead to define an image author',
);
export const legacyKeyValueFormat = defineRule(
  'LegacyKeyValueFormat',
  'Legacy key/value format with whitespace separator should not be used',
);

/** Told at the last line of the instruction, as BuildKit does. */
export function checkEmptyContinuations(statements: readonly PlacedStatement[]): LintWarning[] {
  return statements
    .filter(({ hasEmptyContinuation }) => hasEmptyContinuation)
    .map(({ lastLine }) =>
      finding(noEmptyContinuation, 'Empty continuation line', { startLine: lastLine, endLine: lastLine }),
    );
}

export function checkMaintainer(statements: readonly PlacedStatement[]): LintWarning[] {
  const message = 'Maintainer instruction is deprecated in favor of using label';
  return statements
    .filter(({ name }) => name === 'maintainer')
    .map(({ location }) => finding(maintainerDeprecated, message, location));
}

export function checkLegacyKeyValues(statements: readonly PlacedStatement[]): LintWarning[] {
  return statements
    .filter(({ name, args }) => (name === 'env' || name === 'label') && args[2] === '')
    .map(({ name, location }) => {
      const keyword = name.toUpperCase();
      const message = `"${keyword} key=value" should be used instead of legacy "${keyword} key value" format`;
      return finding(legacyKeyValueFormat, message, location);
    });
}
