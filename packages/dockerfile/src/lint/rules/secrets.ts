import type { ArgInstruction, Dockerfile, LintWarning, StageInstruction } from '../../instruction.ts';
import { quote } from '../../quote.ts';
import { defineRule, finding } from '../rule.ts';

export const secretsUsedInArgOrEnv = defineRule(
  'SecretsUsedInArgOrEnv',
  'Sensitive data should not be used in the ARG or ENV commands',
);

const SECRET: ReadonlySet<string> = new Set([
  'apikey',
  'auth',
  'credential',
  'credentials',
  'key',
  'passwd',
  'password',
  'pword',
  'secret',
  'token',
]);
/** With one of these the name is that of no secret: `PUBLIC_KEY`, `TOKEN_FILE`. */
const HARMLESS: ReadonlySet<string> = new Set(['file', 'public', 'version']);

/** Goes by the words of a name that underscores divide. Global arguments count as well. */
export function checkSecrets({ globalArgs, stages }: Dockerfile): LintWarning[] {
  const instructions = [...globalArgs, ...stages.flatMap((stage) => stage.instructions)];
  return instructions.flatMap((instruction) =>
    namesOf(instruction)
      .filter(isSecret)
      .map((name) => {
        const place = `${instruction.kind.toUpperCase()} ${quote(name)}`;
        const message = `Do not use ARG or ENV instructions for sensitive data (${place})`;
        return finding(secretsUsedInArgOrEnv, message, instruction.location);
      }),
  );
}

function namesOf(instruction: ArgInstruction | StageInstruction): readonly string[] {
  if (instruction.kind === 'arg') return instruction.args.map(({ key }) => key);
  return instruction.kind === 'env' ? instruction.variables.map(({ key }) => key) : [];
}

function isSecret(name: string): boolean {
  const words = name.toLowerCase().split('_');
  return words.some((word) => SECRET.has(word)) && !words.some((word) => HARMLESS.has(word));
}
