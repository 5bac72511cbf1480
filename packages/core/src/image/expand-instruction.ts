import {
  expandHeredoc,
  expandWord,
  expandWords,
  type Heredoc,
  parseMount,
  type StageInstruction,
} from '@wherry/dockerfile';

/** Where the values of variables come from, and how they are written. */
export interface Expansion {
  readonly variables: ReadonlyMap<string, string>;
  readonly escape: '\\' | '`';
}

/**
 * Gives the variables of an instruction their values: one value each for the whole instruction. Commands are left
 * to the shell. Throws `DockerfileError`. BK reference, "Environment replacement".
 */
export function expandInstruction<T extends StageInstruction>(instruction: T, expansion: Expansion): T;
export function expandInstruction(instruction: StageInstruction, expansion: Expansion): StageInstruction {
  const { variables } = expansion;
  const options = { escape: expansion.escape };
  const word = (text: string) => expandWord(text, variables, options);
  const words = (texts: readonly string[]) =>
    texts.flatMap((text) => [...expandWords(text, variables, options)]);
  const pair = ({ key, value }: { readonly key: string; readonly value: string }) => ({
    key: word(key),
    value: word(value),
  });
  switch (instruction.kind) {
    case 'env':
      return { ...instruction, variables: instruction.variables.map(pair) };
    case 'label':
      return { ...instruction, labels: instruction.labels.map(pair) };
    case 'expose':
      return { ...instruction, ports: words(instruction.ports) };
    case 'volume':
      return { ...instruction, volumes: instruction.volumes.map(word) };
    case 'user':
      return { ...instruction, user: word(instruction.user) };
    case 'workdir':
      return { ...instruction, path: word(instruction.path) };
    case 'stopsignal':
      return { ...instruction, signal: word(instruction.signal) };
    case 'arg':
      return {
        ...instruction,
        args: instruction.args.map(({ key, value }) => ({
          key: word(key),
          ...(value !== undefined && { value: word(value) }),
        })),
      };
    case 'copy':
    case 'add':
      return expandFiles(instruction, word, variables);
    case 'run':
      return { ...instruction, mounts: instruction.mountTexts.map((text) => parseMount(text, word)) };
    default:
      return instruction;
  }
}

function expandFiles<T extends Extract<StageInstruction, { readonly kind: 'copy' | 'add' }>>(
  instruction: T,
  word: (text: string) => string,
  variables: ReadonlyMap<string, string>,
): T {
  const { chown, chmod } = instruction;
  const heredocs = instruction.heredocs.map(
    (heredoc): Heredoc => ({ ...heredoc, content: expandHeredoc(heredoc, variables) }),
  );
  return {
    ...instruction,
    sources: instruction.sources.map(word),
    destination: word(instruction.destination),
    heredocs,
    exclude: instruction.exclude.map(word),
    ...(chown !== undefined && { chown: word(chown) }),
    ...(chmod !== undefined && { chmod: word(chmod) }),
    ...(instruction.kind === 'add' &&
      instruction.checksum !== undefined && { checksum: word(instruction.checksum) }),
  };
}
