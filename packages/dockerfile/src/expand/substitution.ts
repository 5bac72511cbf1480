import { DockerfileError } from '../errors.ts';
import { parsePattern, replaceMatches, type ShellPattern, trimPrefix, trimSuffix } from './pattern.ts';

/** `${name…}` with a modifier, its parts expanded. */
export interface Substitution {
  readonly name: string;
  /** `undefined`: the variable is not set. */
  readonly value: string | undefined;
  /** `-`, `+`, `?`, `#`, `%`, `/` or `//`. */
  readonly operator: string;
  /** A colon stood before the operator: an empty value is as none. */
  readonly isNullUnset: boolean;
  /** What follows the operator. */
  readonly word: string;
  readonly replacement?: string;
}

/**
 * What a substitution gives; `undefined` for an operator that is none.
 * BK reference, "Environment replacement".
 */
export function substitute(substitution: Substitution): string | undefined {
  const { value, operator, isNullUnset, word } = substitution;
  const isSet = value !== undefined && !(isNullUnset && value === '');
  switch (operator) {
    case '-':
      return isSet ? value : word;
    case '+':
      return isSet ? word : '';
    case '?':
      return isSet ? value : failUnset(substitution);
    case '#':
    case '%':
      return trimmed(value ?? '', operator, word);
    case '/':
    case '//':
      return replaceMatches(
        value ?? '',
        readPattern(word),
        substitution.replacement ?? '',
        operator === '//',
      );
    default:
      return undefined;
  }
}

/** The operator doubled asks for the longest match. */
function trimmed(value: string, operator: '#' | '%', word: string): string {
  const isLongest = word.startsWith(operator);
  const pattern = readPattern(isLongest ? word.slice(1) : word);
  return operator === '#' ? trimPrefix(value, pattern, isLongest) : trimSuffix(value, pattern, isLongest);
}

function readPattern(text: string): ShellPattern {
  const result = parsePattern(text);
  if ('pattern' in result) return result.pattern;
  throw new DockerfileError('word', `invalid pattern (${text}) in substitution: ${result.problem}`);
}

function failUnset({ name, value, word }: Substitution): never {
  const reason = value === undefined ? 'is not allowed to be unset' : 'is not allowed to be empty';
  throw new DockerfileError('word', `${name}: ${word === '' ? reason : word}`);
}
