import { DockerfileError } from '../../errors.ts';
import { expandHeredoc, expandWord } from '../../expand/expand.ts';
import type { LintWarning, StageInstruction } from '../../instruction.ts';
import { BUILDKIT_ARGS } from '../../predefined-args.ts';
import { suggest, withSuggestion } from '../../suggest.ts';
import { expandableTexts } from '../expandable-texts.ts';
import type { LintContext } from '../facts.ts';
import { defineRule, finding } from '../rule.ts';
import { lookUp, type Scope } from '../scope.ts';

export const undefinedVar = defineRule('UndefinedVar', 'Variables should be defined before their use');

/**
 * A name that is not set counts even where its substitution has a default, as in BuildKit. Silent in stages whose
 * base image has an environment that is not known.
 */
export function checkUndefinedVariables(
  instruction: StageInstruction,
  scope: Scope,
  context: LintContext,
): LintWarning[] {
  if (!scope.isEnvironmentKnown) return [];
  return [...undefinedNames(instruction, scope, context)].map((name) => {
    const suggestion = suggest(name, knownNames(scope));
    const message = withSuggestion(
      `Usage of undefined variable '$${name}'`,
      suggestion === undefined ? undefined : `$${suggestion}`,
    );
    return finding(undefinedVar, message, instruction.location);
  });
}

/** None where a word cannot be read. */
function undefinedNames(
  instruction: StageInstruction,
  scope: Scope,
  { dockerfile }: LintContext,
): ReadonlySet<string> {
  const names = new Set<string>();
  const onUnset = (name: string) => {
    if (!scope.args.has(name) && !BUILDKIT_ARGS.has(name)) names.add(name);
  };
  const variables = (name: string) => lookUp(scope, name);
  const { words, heredocs } = expandableTexts(instruction);
  try {
    for (const word of words) expandWord(word, variables, { escape: dockerfile.escape, onUnset });
    for (const heredoc of heredocs) expandHeredoc(heredoc, variables, { onUnset });
  } catch (error) {
    if (error instanceof DockerfileError) return new Set();
    throw error;
  }
  return names;
}

function* knownNames({ environment, args }: Scope): Generator<string> {
  yield* environment.keys();
  for (const [name, value] of args) if (value !== undefined) yield name;
}
