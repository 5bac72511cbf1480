import type { Heredoc, StageInstruction } from '../instruction.ts';

/** The texts of an instruction in which variables get values. BK reference, "Environment replacement". */
export interface ExpandableTexts {
  readonly words: readonly string[];
  readonly heredocs: readonly Heredoc[];
}

export function expandableTexts(instruction: StageInstruction): ExpandableTexts {
  if (instruction.kind === 'copy' || instruction.kind === 'add') {
    const { sources, destination, exclude, chown = '', chmod = '' } = instruction;
    const checksum = instruction.kind === 'add' ? (instruction.checksum ?? '') : '';
    const words = [chown, chmod, checksum, ...exclude, ...sources, destination];
    return { words, heredocs: instruction.heredocs };
  }
  return { words: expandableWords(instruction), heredocs: [] };
}

function expandableWords(
  instruction: Exclude<StageInstruction, { kind: 'copy' | 'add' }>,
): readonly string[] {
  switch (instruction.kind) {
    case 'env':
      return instruction.variables.flatMap(({ key, value }) => [key, value]);
    case 'label':
      return instruction.labels.flatMap(({ key, value }) => [key, value]);
    case 'arg':
      return instruction.args.flatMap(({ value }) => value ?? []);
    case 'expose':
      return instruction.ports;
    case 'volume':
      return instruction.volumes;
    case 'user':
      return [instruction.user];
    case 'workdir':
      return [instruction.path];
    case 'stopsignal':
      return [instruction.signal];
    case 'run':
      return instruction.mountTexts;
    default:
      return [];
  }
}
