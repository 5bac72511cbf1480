import type { LintWarning, StageInstruction } from '../../instruction.ts';
import { quote } from '../../quote.ts';
import type { LintContext } from '../facts.ts';
import { defineRule, finding } from '../rule.ts';
import { lookUp, type Scope, tryExpand } from '../scope.ts';

export const jsonArgsRecommended = defineRule(
  'JSONArgsRecommended',
  'JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals',
);
export const workdirRelativePath = defineRule(
  'WorkdirRelativePath',
  'Relative workdir without an absolute workdir declared within the build can have unexpected results if the base image changes',
);

/** A shell that the Dockerfile chose is taken for a decision. */
export function checkJsonArgs(instruction: StageInstruction, scope: Scope): LintWarning[] {
  const isCommand = instruction.kind === 'cmd' || instruction.kind === 'entrypoint';
  if (!isCommand || instruction.command.form === 'exec' || scope.hasShell) return [];
  const reason = 'to prevent unintended behavior related to OS signals';
  const message = `JSON arguments recommended for ${instruction.kind.toUpperCase()} ${reason}`;
  return [finding(jsonArgsRecommended, message, instruction.location)];
}

export function checkRelativeWorkdir(
  instruction: StageInstruction,
  scope: Scope,
  { dockerfile }: LintContext,
): LintWarning[] {
  if (instruction.kind !== 'workdir' || scope.hasWorkdir) return [];
  const path = tryExpand(instruction.path, (name) => lookUp(scope, name), dockerfile);
  if (path.startsWith('/')) return [];
  const message = `Relative workdir ${quote(path)} can have unexpected results if the base image changes`;
  return [finding(workdirRelativePath, message, instruction.location)];
}
