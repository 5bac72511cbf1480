import { quote } from './quote.ts';
import { isPrintable } from './unicode.ts';
import { byteLength, toRune } from './utf8.ts';

export type Keyword =
  | 'block'
  | 'break'
  | 'continue'
  | 'define'
  | 'else'
  | 'end'
  | 'if'
  | 'nil'
  | 'range'
  | 'template'
  | 'with';

export type TokenType =
  | 'error'
  | 'text'
  | 'left-delimiter'
  | 'right-delimiter'
  | 'bool'
  | 'char'
  | 'character'
  | 'complex'
  | 'assign'
  | 'declare'
  | 'dot'
  | 'eof'
  | 'field'
  | 'identifier'
  | 'left-paren'
  | 'right-paren'
  | 'number'
  | 'pipe'
  | 'raw-string'
  | 'space'
  | 'string'
  | 'variable'
  | Keyword;

export interface Token {
  readonly type: TokenType;
  /** As written; of an error its message. */
  readonly text: string;
  /** Offset in the template's text, in UTF-16 units. */
  readonly position: number;
  /** The line it starts on, counted from 1. */
  readonly line: number;
}

const KEYWORDS: ReadonlySet<string> = new Set<Keyword>([
  'block',
  'break',
  'continue',
  'define',
  'else',
  'end',
  'if',
  'nil',
  'range',
  'template',
  'with',
]);

export function isKeyword(word: string): word is Keyword {
  return KEYWORDS.has(word);
}

/** A character as `fmt` prints it with `%#U`: `U+0040 '@'`. */
export function unicodeName(codePoint: number): string {
  const rune = toRune(codePoint);
  const number = `U+${rune.toString(16).toUpperCase().padStart(4, '0')}`;
  return isPrintable(rune) ? `${number} '${String.fromCodePoint(rune)}'` : number;
}

/** A token as error messages show it. */
export function describeToken(token: Token): string {
  if (token.type === 'eof') return 'EOF';
  if (token.type === 'error') return token.text;
  if (token.type === 'dot' || KEYWORDS.has(token.type)) return `<${token.text}>`;
  return byteLength(token.text) > 10
    ? `${quote([...token.text].slice(0, 10).join(''))}...`
    : quote(token.text);
}
