import type { Dockerfile, LintWarning } from '../instruction.ts';
import { type CheckOptions, parseCheckOptions } from './check-options.ts';
import type { LintFacts } from './facts.ts';
import { INSTRUCTION_RULES, LINT_RULES, STAGE_RULES } from './rule-table.ts';
import { walkStages } from './scope.ts';

export interface LintOptions extends LintFacts {
  /** Replaces what `# check=` in the Dockerfile says. */
  readonly check?: string;
}

/**
 * The findings of all rules that count, in the order of their lines. Texts that cannot be read are passed over: the
 * build tells those. Throws `DockerfileError` of the kind `syntax` for options that are none.
 */
export function lintDockerfile(dockerfile: Dockerfile, options: LintOptions = {}): LintWarning[] {
  const checkOptions = checkOptionsOf(dockerfile, options);
  const found = [...dockerfile.warnings, ...STAGE_RULES.flatMap(({ check }) => check(dockerfile, options))];
  walkStages(dockerfile, options, (instruction, scope) => {
    for (const { check } of INSTRUCTION_RULES)
      found.push(...check(instruction, scope, { dockerfile, facts: options }));
  });
  return found.filter(({ rule }) => counts(rule, checkOptions)).sort(compareWarnings);
}

/** What a build says that findings fail; `undefined` when there are none, or they do not. */
export function lintFailure(
  dockerfile: Dockerfile,
  warnings: readonly LintWarning[],
  options: Pick<LintOptions, 'check'> = {},
): string | undefined {
  if (warnings.length === 0 || !checkOptionsOf(dockerfile, options).isError) return undefined;
  const rules = new Set(warnings.map(({ rule }) => rule));
  return `lint violation found for rules: ${[...rules].join(', ')}`;
}

function checkOptionsOf({ check }: Dockerfile, options: Pick<LintOptions, 'check'>): CheckOptions {
  return parseCheckOptions(options.check ?? check);
}

/** Skipping does not reach experimental rules, which have to be asked for. */
function counts(name: string, { skip, experimental }: CheckOptions): boolean {
  if (LINT_RULES.get(name)?.isExperimental) return experimental === 'all' || experimental.has(name);
  return skip !== 'all' && !skip.has(name);
}

function compareWarnings(left: LintWarning, right: LintWarning): number {
  const lines = (left.location?.startLine ?? 0) - (right.location?.startLine ?? 0);
  if (lines !== 0 || left.rule === right.rule) return lines;
  return left.rule < right.rule ? -1 : 1;
}
