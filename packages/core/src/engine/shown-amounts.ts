const DECIMAL_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB'];
const BINARY_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB', 'ZiB', 'YiB'];

/** Bytes in decimal units with four digits, `1.066MB`. docker/go-units, `HumanSize`. */
export function humanSize(bytes: number, digits = 4): string {
  return inUnits(bytes, 1000, DECIMAL_UNITS, digits);
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

/** On a narrower terminal there are only the numbers. */
const MIN_COLUMNS_FOR_BAR = 111;
const BAR_CELLS = 50;

/** `[=====>      ]  16.38kB/1.066MB`. moby/moby, `jsonmessage.JSONProgress`. */
export function progressBar(
  { current = 0, total = 0 }: { readonly current?: number; readonly total?: number },
  columns: number,
): string {
  if (current <= 0 && total <= 0) return '';
  if (total <= 0) return humanSize(current).padStart(8);
  const cells = Math.min(Math.trunc(Math.trunc((current / total) * 100) / 2), BAR_CELLS);
  const bar = columns < MIN_COLUMNS_FOR_BAR ? '' : `[${'='.repeat(cells)}>${' '.repeat(BAR_CELLS - cells)}] `;
  const done = humanSize(current).padStart(8);
  return current > total ? bar + done : `${bar}${done}/${humanSize(total)}`;
}
