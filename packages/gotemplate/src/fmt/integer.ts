import { quoteRune } from '../quote.ts';
import { isPrintable } from '../unicode.ts';
import { runeToString } from '../utf8.ts';
import { type Flags, pad, padWithSpaces } from './flags.ts';

const RADIX: Readonly<Record<string, number>> = { b: 2, o: 8, O: 8, d: 10, v: 10, x: 16, X: 16 };
const UINT64 = 64;
const MAX_RUNE = 0x10ffffn;

/** An integer formatted for one of the verbs; `undefined` when the verb is none for integers. */
export function formatInteger(
  flags: Flags,
  value: bigint,
  isSigned: boolean,
  verb: string,
): string | undefined {
  switch (verb) {
    case 'c':
      return pad(flags, runeToString(toRune(value)));
    case 'q':
      return pad(flags, quoteRune(toRune(value), flags.plus));
    case 'U':
      return padWithSpaces(flags, unicodeText(flags, value));
    case 'v':
      return flags.sharpV && !isSigned
        ? digits({ ...flags, sharp: true }, value, 'x')
        : digits(flags, value, verb);
    default:
      return Object.hasOwn(RADIX, verb) ? digits(flags, value, verb) : undefined;
  }
}

function toRune(value: bigint): number {
  const unsigned = BigInt.asUintN(UINT64, value);
  return unsigned > MAX_RUNE ? -1 : Number(unsigned);
}

/** An integer in the verb's base, with sign, prefix, precision and width. */
function digits(flags: Flags, value: bigint, verb: string): string {
  const { precision, plus, space, zero, minus, width } = flags;
  // Go prints nothing, not even a zero, for the value 0 with the precision 0.
  if (precision === 0 && value === 0n) return ' '.repeat(width ?? 0);
  const isNegative = value < 0n;
  const padsWithZeros = precision === undefined && zero && !minus && width !== undefined;
  const signWidth = isNegative || plus || space ? 1 : 0;
  const least = padsWithZeros ? width - signWidth : (precision ?? 0);
  const magnitude = (isNegative ? -value : value).toString(RADIX[verb]).padStart(least, '0');
  const sign = isNegative ? '-' : plus ? '+' : space ? ' ' : '';
  const text = prefix(flags, verb, magnitude) + magnitude;
  return padWithSpaces(flags, sign + (verb === 'X' ? text.toUpperCase() : text));
}

function prefix({ sharp }: Flags, verb: string, magnitude: string): string {
  if (verb === 'O') return sharp && !magnitude.startsWith('0') ? '0o0' : '0o';
  if (!sharp) return '';
  if (verb === 'b') return '0b';
  if (verb === 'o') return magnitude.startsWith('0') ? '' : '0';
  return verb === 'x' || verb === 'X' ? '0x' : '';
}

function unicodeText({ precision = 0, sharp }: Flags, value: bigint): string {
  const unsigned = BigInt.asUintN(UINT64, value);
  const number = unsigned.toString(16).toUpperCase().padStart(Math.max(4, precision), '0');
  const rune = toRune(value);
  return `U+${number}${sharp && isPrintable(rune) ? ` '${runeToString(rune)}'` : ''}`;
}
