import { quote, readCharacter } from './quote.ts';
import { toRune } from './utf8.ts';

/** A number constant under every type that can hold its value, as Go's untyped constants. */
export interface NumberValue {
  /** As it was written. */
  readonly text: string;
  readonly int?: bigint;
  readonly uint?: bigint;
  readonly float?: number;
  readonly complex?: Complex;
}

export interface Complex {
  readonly real: number;
  readonly imaginary: number;
}

const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);
const MAX_UINT64 = 2n ** 64n - 1n;

/** The value of a number constant; a string is the message of what is wrong with it. */
export function readNumber(text: string): NumberValue | string {
  if (text.endsWith('i')) {
    const imaginary = readFloat(text.slice(0, -1));
    if (imaginary !== undefined) return complexNumber(text, { real: 0, imaginary });
  }
  const integer = readInteger(text);
  if (integer !== undefined) {
    const unsigned = /^[+-]/.test(text) && integer !== 0n ? undefined : integer;
    const number: NumberValue = {
      text,
      ...(integer >= MIN_INT64 && integer <= MAX_INT64 && { int: integer }),
      ...(unsigned !== undefined && unsigned <= MAX_UINT64 && { uint: unsigned }),
    };
    if (number.int !== undefined || number.uint !== undefined) return { ...number, float: Number(integer) };
  }
  const float = readFloat(text);
  if (float === undefined) return `illegal number syntax: ${quote(text)}`;
  if (!/[.eEpP]/.test(text)) return `integer overflow: ${quote(text)}`;
  return { text, float, ...integersOf(float) };
}

/** The value of a constant such as `1+2i`; a string is the message of what is wrong with it. */
export function readComplex(text: string): NumberValue | string {
  // The sign between the parts is the first that neither begins the text nor an exponent.
  const split = /^[+-]?0[xX]/.test(text) ? /^([+-]|.*?[^pP+-])([+-].*)i$/ : /^([+-]|.*?[^eE+-])([+-].*)i$/;
  const [, first, second] = split.exec(text) ?? [];
  if (first === undefined || second === undefined || first.endsWith('i') || !/[0-9]/.test(second))
    return 'syntax error scanning complex number';
  const real = readFloat(first);
  if (real === undefined) return floatError(first);
  const imaginary = readFloat(second);
  return imaginary === undefined ? floatError(second) : complexNumber(text, { real, imaginary });
}

function floatError(text: string): string {
  const isFloat = HEXADECIMAL.test(text) || DECIMAL.test(text);
  return `strconv.ParseFloat: parsing ${quote(text)}: ${isFloat ? 'value out of range' : 'invalid syntax'}`;
}

/** The value of a character constant with its quotes; a string is the message of what is wrong with it. */
export function readCharacterConstant(text: string): NumberValue | string {
  const character = readCharacter(text, 1, "'");
  if (character === undefined) return 'invalid syntax';
  if (text.slice(character.end) !== "'") return `malformed character constant: ${text}`;
  const rune = toRune(character.value);
  return { text, int: BigInt(rune), uint: BigInt(rune), float: rune };
}

function complexNumber(text: string, complex: Complex): NumberValue {
  if (complex.imaginary !== 0) return { text, complex };
  return { text, complex, float: complex.real, ...integersOf(complex.real) };
}

function integersOf(float: number): { int?: bigint; uint?: bigint } {
  if (!Number.isInteger(float)) return {};
  const integer = BigInt(float);
  return {
    ...(integer >= MIN_INT64 && integer <= MAX_INT64 && { int: integer }),
    ...(integer >= 0n && integer <= MAX_UINT64 && { uint: integer }),
  };
}

const INTEGER = /^[+-]?(?:0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO]?(?:_?[0-7])+|0|[1-9](?:_?[0-9])*)$/;

function readInteger(text: string): bigint | undefined {
  if (!INTEGER.test(text)) return undefined;
  const digits = text.replace(/^[+-]/, '').replaceAll('_', '');
  // `0755` is octal in Go; BigInt wants it written `0o755`.
  const magnitude = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
  return text.startsWith('-') ? -magnitude : magnitude;
}

const DIGITS = '[0-9](?:_?[0-9])*';
const DECIMAL = new RegExp(`^[+-]?(?:${DIGITS}(?:\\.(?:${DIGITS})?)?|\\.${DIGITS})(?:[eE][+-]?${DIGITS})?$`);
const HEX_DIGITS = '[0-9a-fA-F](?:_?[0-9a-fA-F])*';
const HEXADECIMAL = new RegExp(
  `^([+-]?)0[xX]_?(?:(${HEX_DIGITS})(?:\\.(${HEX_DIGITS})?)?|\\.(${HEX_DIGITS}))[pP]([+-]?${DIGITS})$`,
);

/** A floating-point constant; `undefined` when it is none or too large for a float64. */
function readFloat(text: string): number | undefined {
  const hexadecimal = HEXADECIMAL.exec(text);
  if (hexadecimal === null && !DECIMAL.test(text)) return undefined;
  const value = hexadecimal === null ? Number(text.replaceAll('_', '')) : readHexFloat(hexadecimal);
  return Number.isFinite(value) ? value : undefined;
}

function readHexFloat([
  ,
  sign,
  whole = '',
  fraction = '',
  bare = '',
  exponent = '',
]: RegExpExecArray): number {
  const after = (fraction + bare).replaceAll('_', '');
  const mantissa = BigInt(`0x0${whole.replaceAll('_', '')}${after}`);
  // Beyond these the result is zero or infinite whatever the mantissa a template can hold.
  const power = Math.max(-1e6, Math.min(1e6, Number(exponent.replaceAll('_', '')))) - 4 * after.length;
  const magnitude = scaleByPowerOfTwo(mantissa, power);
  return sign === '-' ? -magnitude : magnitude;
}

/** `mantissa * 2 ** power`, rounded once, to the nearest even; in the subnormal range too. */
function scaleByPowerOfTwo(mantissa: bigint, power: number): number {
  if (mantissa === 0n) return 0;
  const bits = mantissa.toString(2).length;
  const dropped = Math.max(bits - 53, -1074 - power);
  if (dropped <= 0) return Number(mantissa) * 2 ** power;
  if (dropped > bits) return 0;
  const shift = BigInt(dropped);
  const half = 1n << (shift - 1n);
  const rest = mantissa & ((1n << shift) - 1n);
  let kept = mantissa >> shift;
  if (rest > half || (rest === half && (kept & 1n) === 1n)) kept++;
  // In two steps, because 2 ** -1074 is the smallest factor there is and 2 ** 1023 the largest.
  const target = power + dropped;
  const near = Math.max(-1000, Math.min(1000, target));
  return Number(kept) * 2 ** near * 2 ** (target - near);
}
