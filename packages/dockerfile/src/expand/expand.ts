import type { EscapeCharacter } from '../characters.ts';
import type { Heredoc } from '../instruction.ts';
import { type Lexed, type LexerOptions, WordLexer } from './lexer.ts';

/** The values of variables by name; `undefined` stands for one that is not set. */
export type Variables = ReadonlyMap<string, string> | ((name: string) => string | undefined);

export interface ExpandOptions {
  /** The escape character of the Dockerfile; a backslash unless given. */
  readonly escape?: EscapeCharacter;
  /** Is told each name that was looked up and is not set, as often as it stands there. */
  onUnset?(name: string): void;
}

/**
 * Gives variables their values and takes off quotes and escapes, as a shell does with a word.
 * Throws `DockerfileError` of the kind `word`. BK reference, "Environment replacement".
 */
export function expandWord(word: string, variables: Variables, options: ExpandOptions = {}): string {
  return lex(word, variables, options).word;
}

/** As `expandWord`, then split at the spaces that no quotes protect; those that variables brought included. */
export function expandWords(
  word: string,
  variables: Variables,
  options: ExpandOptions = {},
): readonly string[] {
  return lex(word, variables, options).words;
}

/**
 * The content of a here-document, with variables where its word was not quoted. Quotes stay in it, and its escape
 * character is the backslash in any Dockerfile.
 */
export function expandHeredoc(
  heredoc: Heredoc,
  variables: Variables,
  options: Pick<ExpandOptions, 'onUnset'> = {},
): string {
  if (!heredoc.expand) return heredoc.content;
  const { onUnset } = options;
  const settings = onUnset === undefined ? {} : { onUnset };
  return lex(heredoc.content, variables, settings, { ignoresQuotes: true }).word;
}

/** The names of the variables that a word asks for, each once, in the order they are looked up. */
export function variablesIn(word: string, options: Pick<ExpandOptions, 'escape'> = {}): readonly string[] {
  const names = new Set<string>();
  lex(word, () => undefined, { ...options, onUnset: (name) => names.add(name) }, { keepsUnset: true });
  return [...names];
}

function lex(
  text: string,
  variables: Variables,
  options: ExpandOptions,
  more: Partial<LexerOptions> = {},
): Lexed {
  const get = typeof variables === 'function' ? variables : (name: string) => variables.get(name);
  const lookUp = (name: string): string | undefined => {
    const value = get(name);
    if (value === undefined) options.onUnset?.(name);
    return value;
  };
  return new WordLexer(text, { escape: options.escape ?? '\\', lookUp, ...more }).lex();
}
