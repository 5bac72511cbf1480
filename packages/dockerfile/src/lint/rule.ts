import type { LintWarning, Location } from '../instruction.ts';

/** What a rule is about, for all its findings. */
export interface LintRule {
  readonly name: string;
  /** One sentence. */
  readonly description: string;
  readonly url: string;
  /** Findings count only where the options ask for them. */
  readonly isExperimental: boolean;
}

const RULES_URL = 'https://docs.docker.com/go/dockerfile/rule/';

/** A rule; its page is named after it, `StageNameCasing` by `stage-name-casing`. */
export function defineRule(
  name: string,
  description: string,
  options: { readonly isExperimental?: boolean } = {},
): LintRule {
  const page = name
    .replace(/([a-z])([A-Z])/g, '$1-$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1-$2')
    .toLowerCase();
  return { name, description, url: `${RULES_URL}${page}/`, isExperimental: options.isExperimental ?? false };
}

export function finding({ name, description }: LintRule, message: string, location: Location): LintWarning {
  return { rule: name, message, description, location };
}
