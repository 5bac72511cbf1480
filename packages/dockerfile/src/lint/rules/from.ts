import { DockerfileError } from '../../errors.ts';
import { variablesIn } from '../../expand/expand.ts';
import type { Dockerfile, LintWarning } from '../../instruction.ts';
import { PLATFORM_ARGS } from '../../predefined-args.ts';
import { suggest, withSuggestion } from '../../suggest.ts';
import type { LintFacts } from '../facts.ts';
import { isImageName } from '../image-name.ts';
import { defineRule, finding } from '../rule.ts';
import { globalScope, tryExpand } from '../scope.ts';

export const undefinedArgInFrom = defineRule('UndefinedArgInFrom', 'FROM command must use declared ARGs');
export const invalidDefaultArgInFrom = defineRule(
  'InvalidDefaultArgInFrom',
  'Default value for global ARG results in an empty or invalid base image name',
);

export function checkFromArgs(dockerfile: Dockerfile, facts: LintFacts): LintWarning[] {
  const declared = new Set([
    ...PLATFORM_ARGS,
    ...(facts.platformArgs?.keys() ?? []),
    ...dockerfile.globalArgs.flatMap(({ args }) => args.map(({ key }) => key)),
  ]);
  return dockerfile.stages.flatMap(({ from }) =>
    [...namesIn(`${from.image} ${from.platform ?? ''}`, dockerfile)]
      .filter((name) => !declared.has(name))
      .map((name) => {
        const message = withSuggestion(`FROM argument '${name}' is not declared`, suggest(name, declared));
        return finding(undefinedArgInFrom, message, from.location);
      }),
  );
}

/** Goes by what a build without arguments would use. */
export function checkDefaultArgs(dockerfile: Dockerfile, { platformArgs }: LintFacts): LintWarning[] {
  const defaults = globalScope(dockerfile, platformArgs === undefined ? {} : { platformArgs });
  return dockerfile.stages.flatMap(({ from: { image, location } }) => {
    if (namesIn(image, dockerfile).length === 0) return [];
    if (isImageName(tryExpand(image, defaults, dockerfile))) return [];
    const message = `Default value for ARG ${image} results in empty or invalid base image name`;
    return [finding(invalidDefaultArgInFrom, message, location)];
  });
}

/** The variables of a word; none where it cannot be read. */
export function namesIn(word: string, { escape: escapeCharacter }: Dockerfile): readonly string[] {
  try {
    return variablesIn(word, { escape: escapeCharacter });
  } catch (error) {
    if (error instanceof DockerfileError) return [];
    throw error;
  }
}
