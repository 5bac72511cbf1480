const DECIMAL_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB'];
const BINARY_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB', 'ZiB', 'YiB'];

/** Bytes in decimal units with four digits, `1.066MB`. docker/go-units, `HumanSize`. */
export function humanSize(bytes: number, digits = 4): string {
  return inUnits(bytes, 1000, DECIMAL_UNITS, digits);
}

/** Bytes in decimal units with three digits, as lists of images show them. */
export function shortSize(bytes: number): string {
  return humanSize(bytes, 3);
}

/** Bytes in binary units, `23.54GiB`. docker/go-units, `BytesSize`. */
export function binarySize(bytes: number): string {
  return inUnits(bytes, 1024, BINARY_UNITS, 4);
}

function inUnits(bytes: number, base: number, units: readonly string[], digits: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= base && unit < units.length - 1) {
    value /= base;
    unit++;
  }
  return formatG(value, digits) + units[unit];
}

/** Every double from 0 to 1024 is exact with this many significant digits. */
const EXACT_DIGITS = 64;

/** A number as C's and Go's `%.<digits>g` prints it: half to even, no trailing zeros. */
function formatG(value: number, digits: number): string {
  let rounded = Number(value.toPrecision(digits));
  // Exact digits take long, and only what seems to lie in the middle may do so.
  if (value >= 1 && value.toPrecision(digits + 1).endsWith('5')) {
    const exact = value.toPrecision(EXACT_DIGITS).replace('.', '');
    const isTie = /^50*$/.test(exact.slice(digits));
    // `toPrecision` takes the larger of two equally near numbers, Go the even one.
    if (isTie && Number(exact[digits - 1]) % 2 === 0) {
      const integerDigits = String(Math.trunc(value)).length;
      rounded = Number(`${exact.slice(0, digits)}e${integerDigits - digits}`);
    }
  }
  if (rounded < 10 ** digits) return String(rounded);
  const [mantissa, exponent = ''] = rounded.toExponential().split('e+');
  return `${mantissa}e+${exponent.padStart(2, '0')}`;
}

/** Go's zero time, 1 January of the year 1: what a document without a date has. */
const ZERO_TIME_MS = -62_135_596_800_000;

export function isZeroTime(date: Date | undefined): date is undefined {
  return date === undefined || date.getTime() <= ZERO_TIME_MS;
}

/** A time as `2021-08-31T01:20:48Z`, in the local time zone, as Docker prints it. RFC 3339. */
export function localRfc3339(date: Date | undefined): string {
  if (isZeroTime(date)) return '0001-01-01T00:00:00Z';
  const offset = -date.getTimezoneOffset();
  const local = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, 19);
  if (offset === 0) return `${local}Z`;
  const two = (n: number) => String(n).padStart(2, '0');
  const minutes = Math.abs(offset);
  return `${local}${offset < 0 ? '-' : '+'}${two(Math.trunc(minutes / 60))}:${two(minutes % 60)}`;
}
