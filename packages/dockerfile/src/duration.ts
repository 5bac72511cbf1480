import { quote } from './quote.ts';

const NANOSECONDS: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['µs', 1_000n],
  ['μs', 1_000n],
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
]);
/** The longest duration of Go, 2^63-1 nanoseconds. */
const MAX_NANOSECONDS = 2n ** 63n - 1n;
/** Digits behind the point that can change a number of nanoseconds, hours included. */
const MAX_FRACTION_DIGITS = 18;
const PART = /(\d*)(?:(\.)(\d*))?([^\d.]*)/y;

/** A duration in nanoseconds, or what Go's `time.ParseDuration` says to it. */
export type DurationResult = { readonly nanoseconds: bigint } | { readonly problem: string };

/** Reads a duration as Go writes it, such as `1h30m` or `-1.5s`. Go 1.23 `time.ParseDuration`. */
export function parseDuration(text: string): DurationResult {
  const isNegative = text.startsWith('-');
  const digits = isNegative || text.startsWith('+') ? text.slice(1) : text;
  if (digits === '0') return { nanoseconds: 0n };
  let total = 0n;
  let at = 0;
  do {
    PART.lastIndex = at;
    const [part = '', whole = '', , fraction = '', unit = ''] = PART.exec(digits) ?? [];
    if (whole === '' && fraction === '') return invalid('invalid', text);
    if (unit === '') return invalid('missing unit in', text);
    const size = NANOSECONDS.get(unit);
    if (size === undefined)
      return { problem: `time: unknown unit ${quote(unit)} in duration ${quote(text)}` };
    // Longer numbers are beyond any duration; a text of a megabyte need not become one.
    if (whole.replace(/^0+/, '').length > 20) return invalid('invalid', text);
    total += BigInt(whole) * size + fractionOf(fraction, size);
    if (total > MAX_NANOSECONDS) return invalid('invalid', text);
    at += part.length;
  } while (at < digits.length);
  return { nanoseconds: isNegative ? -total : total };
}

function fractionOf(digits: string, size: bigint): bigint {
  const significant = digits.slice(0, MAX_FRACTION_DIGITS);
  return (BigInt(significant) * size) / 10n ** BigInt(significant.length);
}

function invalid(what: string, text: string): DurationResult {
  return { problem: `time: ${what} duration ${quote(text)}` };
}
