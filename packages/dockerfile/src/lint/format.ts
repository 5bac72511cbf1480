import { excerptOf } from '../errors.ts';
import type { Dockerfile, LintWarning } from '../instruction.ts';
import { LINT_RULES } from './rule-table.ts';
import { noEmptyContinuation } from './rules/deprecated.ts';

/**
 * What `docker build --check` prints: a line with the count, then each finding with its rule, its page and the
 * lines of the Dockerfile. `text` is the Dockerfile's, without a byte order mark.
 */
export function formatCheck(warnings: readonly LintWarning[], text: string, fileName = 'Dockerfile'): string {
  if (warnings.length === 0) return 'Check complete, no warnings found.\n';
  const count = warnings.length === 1 ? '1 warning has' : `${warnings.length} warnings have`;
  const lines = text.split('\n');
  const findings = warnings.map((warning) => formatWarning(warning, lines, fileName));
  return `Check complete, ${count} been found!\n${findings.join('')}`;
}

/** One finding, with an empty line before it. */
function formatWarning(
  { rule, message, location }: LintWarning,
  source: readonly string[],
  fileName: string,
): string {
  const url = LINT_RULES.get(rule)?.url;
  const title = url === undefined ? rule : `${rule} - ${url}`;
  const lines = location === undefined ? '' : excerptOf(source, location, fileName);
  return `\nWARNING: ${title}\n${message}\n${lines}`;
}

/** What a build prints behind its steps: a count and one line a finding; empty without any. */
export function formatBuildWarnings(warnings: readonly LintWarning[]): string {
  if (warnings.length === 0) return '';
  const count = warnings.length === 1 ? '1 warning' : `${warnings.length} warnings`;
  const lines = warnings.map(({ rule, message, location }) => {
    const place = location === undefined ? '' : ` (line ${location.startLine})`;
    return ` - ${rule}: ${message}${place}\n`;
  });
  return ` ${count} found:\n${lines.join('')}`;
}

/** What the classic builder prints before its steps about continuations that are empty lines; empty without any. */
export function emptyContinuationNotice({ globalArgs, stages, warnings }: Dockerfile): string {
  const lines = warnings
    .filter(({ rule }) => rule === noEmptyContinuation.name)
    .map(({ location }) => location?.startLine ?? 0);
  if (lines.length === 0) return '';
  const instructions = [...globalArgs, ...stages.flatMap((stage) => [stage.from, ...stage.instructions])];
  const found: string[] = [];
  for (const { location, text } of instructions) {
    // Both lists are in the order of their lines.
    const line = lines[found.length];
    if (line === undefined || location.endLine < line) continue;
    found.push(`[WARNING]: Empty continuation line found in:\n    ${text}\n`);
  }
  return `${found.join('')}[WARNING]: Empty continuation lines will become errors in a future release.\n`;
}
