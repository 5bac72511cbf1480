/** A positive number in decimal: `0.DIGITS * 10 ** point`. Zero has no digits. */
export interface Decimal {
  readonly digits: string;
  readonly point: number;
}

const MANTISSA_BITS = 52n;
const EXPONENT_BIAS = 1075;

/** A finite float64 as `mantissa * 2 ** exponent`, sign aside. */
export function splitFloat(value: number): { readonly mantissa: bigint; readonly exponent: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Math.abs(value));
  const bits = view.getBigUint64(0);
  const exponent = Number(bits >> MANTISSA_BITS);
  const fraction = bits & ((1n << MANTISSA_BITS) - 1n);
  // Subnormal numbers have no implicit leading bit.
  return exponent === 0
    ? { mantissa: fraction, exponent: 1 - EXPONENT_BIAS }
    : { mantissa: fraction | (1n << MANTISSA_BITS), exponent: exponent - EXPONENT_BIAS };
}

/** All digits of a finite float64. */
export function exactDecimal(value: number): Decimal {
  const { mantissa, exponent } = splitFloat(value);
  if (mantissa === 0n) return { digits: '', point: 0 };
  const scaled = exponent >= 0 ? mantissa << BigInt(exponent) : mantissa * 5n ** BigInt(-exponent);
  const digits = scaled.toString();
  return { digits: digits.replace(/0+$/, ''), point: digits.length + Math.min(0, exponent) };
}

/** The fewest digits that read back as the same float64 or float32. */
export function shortestDecimal(value: number, bits: 32 | 64): Decimal {
  if (value === 0) return { digits: '', point: 0 };
  const magnitude = Math.abs(value);
  let text = magnitude.toExponential();
  for (let digits = 0; bits === 32 && digits < 9; digits++) {
    text = magnitude.toExponential(digits);
    if (Math.fround(Number(text)) === magnitude) break;
  }
  const [mantissa = '', exponent] = text.split('e');
  return { digits: mantissa.replace('.', '').replace(/0+$/, ''), point: Number(exponent) + 1 };
}

/** Rounds to `count` digits, halves to the even digit. A negative `count` leaves zero. */
export function roundDecimal({ digits, point }: Decimal, count: number): Decimal {
  if (count >= digits.length) return { digits, point };
  const rest = digits.slice(Math.max(0, count));
  const kept = digits.slice(0, Math.max(0, count));
  const isOdd = /[13579]$/.test(kept);
  const half = '5';
  const roundsUp = count >= 0 && (rest[0] === half && rest.length === 1 ? isOdd : (rest[0] ?? '0') >= half);
  if (!roundsUp) return { digits: kept.replace(/0+$/, ''), point: kept === '' ? 0 : point };
  const next = (BigInt(kept === '' ? 0 : kept) + 1n).toString();
  // A carry out of the first digit makes the number one digit longer: 9.99 becomes 10.0.
  const carry = next.length - kept.length;
  return { digits: next.replace(/0+$/, ''), point: point + carry };
}
