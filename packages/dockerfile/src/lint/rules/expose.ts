import type { LintWarning, StageInstruction } from '../../instruction.ts';
import type { LintContext } from '../facts.ts';
import { defineRule, finding } from '../rule.ts';
import { lookUp, type Scope, tryExpand } from '../scope.ts';

export const exposeProtoCasing = defineRule(
  'ExposeProtoCasing',
  'Protocol in EXPOSE instruction should be lowercase',
);
export const exposeInvalidFormat = defineRule(
  'ExposeInvalidFormat',
  'IP address and host-port mapping should not be used in EXPOSE instruction. This will become an error in a future release',
);

export function checkExposeProtocols(
  instruction: StageInstruction,
  scope: Scope,
  context: LintContext,
): LintWarning[] {
  return portsOf(instruction, scope, context).flatMap((port) => {
    const protocol = port.split('/')[1] ?? '';
    if (protocol === protocol.toLowerCase()) return [];
    const message = `Defined protocol '${port}' in EXPOSE instruction should be lowercase`;
    return [finding(exposeProtoCasing, message, instruction.location)];
  });
}

export function checkExposeFormat(
  instruction: StageInstruction,
  scope: Scope,
  context: LintContext,
): LintWarning[] {
  const rule = 'EXPOSE instruction should not define an IP address or host-port mapping';
  return portsOf(instruction, scope, context)
    .filter((port) => port.includes(':'))
    .map((port) => finding(exposeInvalidFormat, `${rule}, found '${port}'`, instruction.location));
}

function portsOf(
  instruction: StageInstruction,
  scope: Scope,
  { dockerfile }: LintContext,
): readonly string[] {
  if (instruction.kind !== 'expose') return [];
  return instruction.ports.flatMap((word) =>
    tryExpand(word, (name) => lookUp(scope, name), dockerfile).split(/\s+/),
  );
}
