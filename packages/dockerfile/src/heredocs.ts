import { DockerfileError } from './errors.ts';
import { WordLexer } from './expand/lexer.ts';

/** What a word such as `3<<-"EOF"` announces. */
export interface HeredocWord {
  readonly name: string;
  readonly expand: boolean;
  readonly fileDescriptor: number;
  /** `<<-`: tabs at the beginning of its lines are left out. */
  readonly stripsTabs: boolean;
}

/** One with the lines that belong to it, as they stand in the file. */
export interface RawHeredoc extends HeredocWord {
  readonly lines: string;
}

const HEREDOC = /^(\d*)<<(-?)\s*([^<]*)$/;

/** Reads one word of an instruction; `undefined`: it announces no here-document. */
export function parseHeredocWord(word: string): HeredocWord | undefined {
  const [, descriptor = '', dash, rest = ''] = HEREDOC.exec(word) ?? [];
  if (rest === '') return undefined;
  const [name, ...more] = lexWords(rest, false);
  const [quoted, ...moreQuoted] = lexWords(rest, true);
  if (name === undefined || more.length > 0 || moreQuoted.length > 0) return undefined;
  // Both readings are the same exactly when no part of the word is quoted.
  return {
    name,
    expand: name === quoted,
    fileDescriptor: descriptor === '' ? 0 : Number(descriptor),
    stripsTabs: dash === '-',
  };
}

/** The here-documents that an instruction's line announces, in their order. */
export function heredocsOf(line: string): readonly HeredocWord[] {
  if (!line.includes('<<')) return [];
  return wordsOrNone(line).flatMap((word) => parseHeredocWord(word) ?? []);
}

/** Its content as the instruction gets it. */
export function heredocContent({ lines, stripsTabs }: RawHeredoc): string {
  return stripsTabs ? lines.replace(/(^|\n)\t+/g, '$1') : lines;
}

/** A line whose quotes do not match is left to the shell and announces nothing. */
function wordsOrNone(line: string): readonly string[] {
  try {
    return lexWords(line, true);
  } catch (error) {
    if (error instanceof DockerfileError) return [];
    throw error;
  }
}

/** The escape character is always a backslash here, whatever the Dockerfile's is. */
function lexWords(text: string, isRaw: boolean): readonly string[] {
  return new WordLexer(text, { escape: '\\', lookUp: () => undefined, keepsUnset: true, isRaw }).lex().words;
}
