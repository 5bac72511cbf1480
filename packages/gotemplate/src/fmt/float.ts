import { type Decimal, exactDecimal, roundDecimal, shortestDecimal, splitFloat } from './decimal.ts';
import { type Flags, pad, padWithSpaces } from './flags.ts';

/** The precision of a verb when none is given; -1: as many digits as it takes. */
const DEFAULT_PRECISION: Readonly<Record<string, number>> = {
  v: -1,
  b: -1,
  g: -1,
  G: -1,
  x: -1,
  X: -1,
  f: 6,
  F: 6,
  e: 6,
  E: 6,
};

/** The exponent from which `%g` is scientific when it prints as few digits as it takes. */
const SHORTEST_LIMIT = 6;

export const isFloatVerb = (verb: string) => Object.hasOwn(DEFAULT_PRECISION, verb);

/** A float formatted for a verb that `isFloatVerb` takes, padded. */
export function formatFloat(flags: Flags, value: number, bits: 32 | 64, verb: string): string {
  const precision = flags.precision ?? DEFAULT_PRECISION[verb] ?? -1;
  const isNegative = value < 0 || Object.is(value, -0);
  const sign = isNegative ? '-' : flags.plus ? '+' : flags.space ? ' ' : '';
  if (!Number.isFinite(value)) return padWithSpaces(flags, nonFinite(flags, value));
  let text = unsignedText(value, bits, verb, precision);
  if (flags.sharp && verb !== 'b') text = withPoint(text, verb, precision);
  // Zeros go between the sign and the digits.
  const { width = 0, zero, minus } = flags;
  if (sign !== '' && zero && !minus) return sign + text.padStart(width - 1, '0');
  return pad(flags, sign + text);
}

function nonFinite({ plus, space }: Flags, value: number): string {
  const text = Number.isNaN(value) ? 'NaN' : 'Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  if (plus) return `+${text}`;
  return space ? ` ${text}` : Number.isNaN(value) ? text : '+Inf';
}

/** A float without sign, as Go's `strconv.FormatFloat`; a precision of -1 asks for the shortest form. */
export function unsignedText(value: number, bits: 32 | 64, verb: string, precision: number): string {
  switch (verb) {
    case 'b':
      return binary(value, bits);
    case 'x':
      return hexadecimal(value, precision);
    case 'X':
      return hexadecimal(value, precision).toUpperCase();
    case 'e':
    case 'E': {
      const decimal =
        precision < 0 ? shortestDecimal(value, bits) : roundDecimal(exactDecimal(value), precision + 1);
      return scientific(decimal, precision < 0 ? decimal.digits.length - 1 : precision, verb);
    }
    case 'f':
    case 'F':
      return fixed(value, bits, precision);
    default:
      return general(value, bits, precision, verb === 'G' ? 'E' : 'e');
  }
}

function fixed(value: number, bits: 32 | 64, precision: number): string {
  const all = precision < 0 ? shortestDecimal(value, bits) : exactDecimal(value);
  const { digits, point } = precision < 0 ? all : roundDecimal(all, all.point + precision);
  const whole = digits.slice(0, Math.max(0, point)).padEnd(point, '0') || '0';
  const fraction = '0'.repeat(Math.max(0, -point)) + digits.slice(Math.max(0, point));
  const places = precision < 0 ? Math.max(0, digits.length - point) : precision;
  return places === 0 ? whole : `${whole}.${fraction.slice(0, places).padEnd(places, '0')}`;
}

function scientific({ digits, point }: Decimal, places: number, letter: string): string {
  const exponent = digits === '' ? 0 : point - 1;
  const fraction = places > 0 ? `.${digits.slice(1, places + 1).padEnd(places, '0')}` : '';
  const sign = exponent < 0 ? '-' : '+';
  return `${digits[0] ?? '0'}${fraction}${letter}${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/** `%g`: scientific for large and small exponents, else fixed, without trailing zeros. */
function general(value: number, bits: 32 | 64, precision: number, letter: string): string {
  const isShortest = precision < 0;
  const significant = Math.max(precision, 1);
  const decimal = isShortest ? shortestDecimal(value, bits) : roundDecimal(exactDecimal(value), significant);
  const { digits, point } = decimal;
  let limit = isShortest ? SHORTEST_LIMIT : significant;
  if (!isShortest && limit > digits.length && digits.length >= point) limit = digits.length;
  const exponent = point - 1;
  if (digits !== '' && (exponent < -4 || exponent >= limit))
    return scientific(decimal, digits.length - 1, letter);
  const whole = digits.slice(0, Math.max(0, point)).padEnd(point, '0') || '0';
  const fraction = '0'.repeat(Math.max(0, -point)) + digits.slice(Math.max(0, point));
  return fraction === '' || digits === '' ? whole : `${whole}.${fraction}`;
}

/** `%b`: the mantissa and a power of two. */
function binary(value: number, bits: 32 | 64): string {
  const { mantissa, exponent } = splitFloat(value);
  // A float32 has 29 bits fewer; the smallest exponents are those of zero and the subnormal numbers.
  if (bits === 64) return `${mantissa}p${exponent < 0 ? '' : '+'}${exponent}`;
  const shift = value === 0 ? 0 : Math.max(29, -149 - exponent);
  const narrow = value === 0 ? -149 : exponent + shift;
  return `${mantissa >> BigInt(shift)}p${narrow < 0 ? '' : '+'}${narrow}`;
}

const HEX_PLACES = 13;

/** `%x`: a hexadecimal mantissa from 1 to 2 and a power of two. */
function hexadecimal(value: number, precision: number): string {
  const { mantissa, exponent } = roundHexadecimal(normalize(value), precision);
  const digits = mantissa.toString(16).padStart(HEX_PLACES + 1, '0');
  const places = digits.slice(1);
  const fraction =
    precision < 0 ? places.replace(/0+$/, '') : places.slice(0, precision).padEnd(precision, '0');
  const sign = exponent < 0 ? '-' : '+';
  const power = String(Math.abs(exponent)).padStart(2, '0');
  return `0x${digits[0]}${fraction === '' ? '' : `.${fraction}`}p${sign}${power}`;
}

interface HexFloat {
  /** 53 bits, the first of which is set unless the value is zero. */
  readonly mantissa: bigint;
  /** Of the first bit. */
  readonly exponent: number;
}

function normalize(value: number): HexFloat {
  const { mantissa, exponent } = splitFloat(value);
  if (mantissa === 0n) return { mantissa, exponent: 0 };
  const missing = 53 - mantissa.toString(2).length;
  return { mantissa: mantissa << BigInt(missing), exponent: exponent + 52 - missing };
}

function roundHexadecimal({ mantissa, exponent }: HexFloat, precision: number): HexFloat {
  if (precision < 0 || precision >= HEX_PLACES) return { mantissa, exponent };
  const dropped = BigInt(4 * (HEX_PLACES - precision));
  const half = 1n << (dropped - 1n);
  const rest = mantissa & ((1n << dropped) - 1n);
  let kept = mantissa >> dropped;
  if (rest > half || (rest === half && (kept & 1n) === 1n)) kept++;
  const rounded = kept << dropped;
  // A carry out of the first bit: 1.fff becomes 2.0, which is written 1.0 with the next power.
  return rounded < 1n << 53n
    ? { mantissa: rounded, exponent }
    : { mantissa: rounded >> 1n, exponent: exponent + 1 };
}

/** The `#` flag: a decimal point always, and for `%g` the trailing zeros. */
function withPoint(text: string, verb: string, precision: number): string {
  const isHex = verb === 'x' || verb === 'X';
  const tailAt = text.search(isHex ? /[pP]/ : /[eE]/);
  const head = tailAt < 0 ? text : text.slice(0, tailAt);
  const tail = tailAt < 0 ? '' : text.slice(tailAt);
  const wanted = 'vgGx'.includes(verb) ? (precision < 0 ? 6 : precision) : 0;
  // Digits count from the first that is not zero; the 0 of a lone zero counts as one.
  let digits = wanted - head.replace(/^[0.]+/, '').replace(/[.]/g, '').length;
  const pointed = head.includes('.') ? head : `${head}.`;
  if (head === '0') digits--;
  return pointed + '0'.repeat(Math.max(0, digits)) + tail;
}
