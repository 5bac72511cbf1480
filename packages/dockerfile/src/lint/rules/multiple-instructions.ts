import type { Dockerfile, LintWarning, StageInstruction } from '../../instruction.ts';
import { defineRule, finding } from '../rule.ts';

export const multipleInstructionsDisallowed = defineRule(
  'MultipleInstructionsDisallowed',
  'Multiple instructions of the same type should not be used in the same stage',
);

const SINGLE: readonly StageInstruction['kind'][] = ['cmd', 'entrypoint', 'healthcheck'];

/** Tells those that have no effect: all but the last one of a stage. */
export function checkMultipleInstructions({ stages }: Dockerfile): LintWarning[] {
  return stages.flatMap(({ instructions }) => {
    const last = new Map(instructions.map((instruction) => [instruction.kind, instruction]));
    return instructions
      .filter(
        (instruction) => SINGLE.includes(instruction.kind) && last.get(instruction.kind) !== instruction,
      )
      .map(({ kind, location }) => {
        const reason = 'should not be used in the same stage because only the last one will be used';
        const message = `Multiple ${kind.toUpperCase()} instructions ${reason}`;
        return finding(multipleInstructionsDisallowed, message, location);
      });
  });
}
