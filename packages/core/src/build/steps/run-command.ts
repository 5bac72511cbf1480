import type { Heredoc, RunInstruction } from '@wherry/dockerfile';
import { commandWords } from '../../image/apply-instruction.ts';
import type { ContainerConfig } from '../../oci/image-config.ts';

/** What a RUN starts. */
export interface RunCommand {
  readonly args: readonly string[];
  /** A here-document that is a program of its own, and where it is mounted. */
  readonly script?: { readonly path: string; readonly content: string };
}

const LONE_HEREDOC = /^<<-?\s*(?:"[^"]*"|'[^']*'|[^\s"']+)\s*$/;
const SCRIPTS = '/dev/pipes';

/**
 * The program of a RUN: the words of an exec form, or a text for the stage's shell. A here-document that stands alone
 * is the text itself, and a program where it begins with `#!`; others are left to the shell. BK reference,
 * "Here-Documents".
 */
export function runCommand(config: ContainerConfig, { command, heredocs }: RunInstruction): RunCommand {
  if (heredocs.length === 0) return { args: commandWords(config, command) };
  const [only] = heredocs;
  const text = command.words.join(' ');
  if (heredocs.length === 1 && only && LONE_HEREDOC.test(text)) {
    const { content, name } = only;
    if (!content.startsWith('#!')) return { args: commandWords(config, { form: 'shell', words: [content] }) };
    const path = `${SCRIPTS}/${name}`;
    return { args: [path], script: { path, content } };
  }
  const words = [`${text}\n${heredocs.map(asWritten).join('')}`];
  return { args: commandWords(config, { form: 'shell', words }) };
}

function asWritten({ content, name }: Heredoc): string {
  return `${content}${name}\n`;
}
