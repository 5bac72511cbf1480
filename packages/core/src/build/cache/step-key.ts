import { createHash } from 'node:crypto';
import type { StepInputs } from '../step-inputs.ts';

/** Grows when what a step makes of the same inputs, or the form below, changes: what is cached is not found then. */
const VERSION = 1;

/** Where a step stands: in which Dockerfile, and where in that. */
export interface StepPlace {
  /** What tells this Dockerfile from others on this machine, such as the paths of context and file. */
  readonly dockerfile: string;
  /** The stage's name, or else its position. */
  readonly stage: string | number;
  /** Position of the instruction in its stage, from 0. */
  readonly ordinal: number;
}

/** The key of a step's result: 64 hexadecimal digits over all of `inputs`, the list of files by its digest. */
export function stepKey({ base, instruction, values, files }: StepInputs): string {
  const names = Object.keys(values).sort();
  return hashOf('step', [
    base,
    instruction,
    names.map((name) => [name, values[name]]),
    files === undefined ? null : files.digest,
  ]);
}

/** What a step has in common with its earlier forms, in hexadecimal digits. */
export function stepSlot({ dockerfile, stage, ordinal }: StepPlace): string {
  return hashOf('slot', [dockerfile, stage, ordinal]);
}

/** JSON tells where a text ends, and spells half a surrogate pair out, which UTF-8 alone cannot. */
function hashOf(kind: string, parts: readonly unknown[]): string {
  return createHash('sha256')
    .update(JSON.stringify(['wherry', kind, VERSION, ...parts]))
    .digest('hex');
}
