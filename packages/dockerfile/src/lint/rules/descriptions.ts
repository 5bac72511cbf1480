import type { LintWarning } from '../../instruction.ts';
import type { PlacedStatement } from '../../lines.ts';
import { defineRule, finding } from '../rule.ts';

export const invalidDefinitionDescription = defineRule(
  'InvalidDefinitionDescription',
  'Comment for build stage or argument should follow the format: `# <arg/stage name> <description>`. If this is not intended to be a description comment, add an empty line or comment between the instruction and the comment.',
  { isExperimental: true },
);

/** The comment right above a stage with a name, or above an ARG, begins with that name. */
export function checkDescriptions(statements: readonly PlacedStatement[]): LintWarning[] {
  return statements.flatMap((statement) => {
    const comment = statement.comments.at(-1);
    const names = namesOf(statement);
    const [first] = names;
    if (comment === undefined || first === undefined || names.includes(comment.split(' ', 1)[0] ?? ''))
      return [];
    const name = names.length > 1 ? '<arg_key>' : first;
    const message = `Comment for ${statement.name.toUpperCase()} should follow the format: \`# ${name} <description>\``;
    return [finding(invalidDefinitionDescription, message, statement.location)];
  });
}

function namesOf({ name, args }: PlacedStatement): readonly string[] {
  if (name === 'from') return args.slice(2).map((stageName) => stageName.toLowerCase());
  return name === 'arg' ? args.map((word) => word.split('=', 1)[0] ?? '') : [];
}
