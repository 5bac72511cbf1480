import { isInt, isUint } from '../go-type.ts';
import { dig, integerOf, type Reflected } from '../go-value.ts';
import { type Flags, noFlags } from './flags.ts';
import { formatArgument } from './print.ts';

/** Widths, precisions and argument numbers beyond this are errors, as in Go. */
const MAX_NUMBER = 1e6;

/** Go's `fmt.Sprintf`. Nothing it is given makes it throw: what is wrong is told in the text. */
export function sprintf(format: string, values: readonly Reflected[]): string {
  return new Formatter(format, values).run();
}

/** Go's `fmt.Sprint`: a space between two operands when neither is a string. */
export function sprint(values: readonly Reflected[]): string {
  let out = '';
  let wasString = true;
  for (const value of values) {
    const isString = dig(value)?.type.kind === 'string';
    out += (wasString || isString ? '' : ' ') + formatArgument(noFlags(), value, 'v');
    wasString = isString;
  }
  return out;
}

/** Go's `fmt.Sprintln`: spaces between all operands, and a newline. */
export function sprintln(values: readonly Reflected[]): string {
  return `${values.map((value) => formatArgument(noFlags(), value, 'v')).join(' ')}\n`;
}

const DIGITS = /[0-9]*/y;

const FLAG_OF: Readonly<Record<string, 'minus' | 'plus' | 'sharp' | 'space' | 'zero'>> = {
  '-': 'minus',
  '+': 'plus',
  '#': 'sharp',
  ' ': 'space',
  '0': 'zero',
};

class Formatter {
  readonly #format: string;
  readonly #values: readonly Reflected[];
  /** Where in the format. */
  #at = 0;
  /** The next value. */
  #next = 0;
  /** Whether any `[n]` was met: then nobody can tell whether values are left over. */
  #isReordered = false;
  /** Whether the `[n]` of the current verb name values there are. */
  #isGoodIndex = true;
  /** Whether a `[n]` was the last thing read. */
  #isAfterIndex = false;

  constructor(format: string, values: readonly Reflected[]) {
    this.#format = format;
    this.#values = values;
  }

  run(): string {
    let out = '';
    while (this.#at < this.#format.length) {
      const percent = this.#format.indexOf('%', this.#at);
      out += this.#format.slice(this.#at, percent < 0 ? undefined : percent);
      if (percent < 0) break;
      this.#at = percent + 1;
      out += this.#directive();
    }
    return out + this.#leftOver();
  }

  #leftOver(): string {
    const left = this.#values.slice(this.#next);
    if (this.#isReordered || left.length === 0) return '';
    const texts = left.map((each) => {
      const value = dig(each);
      return value === undefined ? '<nil>' : `${value.type.name}=${formatArgument(noFlags(), value, 'v')}`;
    });
    return `%!(EXTRA ${texts.join(', ')})`;
  }

  /** One directive, after its `%`. */
  #directive(): string {
    const flags = this.#flags();
    this.#isGoodIndex = true;
    this.#isAfterIndex = false;
    this.#argumentIndex();
    const problems = this.#width(flags) + this.#precision(flags);
    if (!this.#isAfterIndex) this.#argumentIndex();
    const codePoint = this.#format.codePointAt(this.#at);
    if (codePoint === undefined) return `${problems}%!(NOVERB)`;
    const verb = String.fromCodePoint(codePoint);
    this.#at += verb.length;
    return problems + this.#verb(flags, verb);
  }

  #verb(flags: Flags, verb: string): string {
    if (verb === '%') return '%';
    if (!this.#isGoodIndex) return `%!${verb}(BADINDEX)`;
    if (this.#next >= this.#values.length) return `%!${verb}(MISSING)`;
    if (verb === 'v' || verb === 'w') {
      flags.sharpV = flags.sharp;
      flags.plusV = flags.plus;
      flags.sharp = false;
      flags.plus = false;
    }
    return formatArgument(flags, this.#values[this.#next++], verb);
  }

  #flags(): Flags {
    const flags = noFlags();
    for (; ; this.#at++) {
      const flag = FLAG_OF[this.#format[this.#at] ?? ''];
      if (flag === undefined) return flags;
      flags[flag] = true;
    }
  }

  #width(flags: Flags): string {
    if (this.#format[this.#at] === '*') {
      this.#at++;
      this.#isAfterIndex = false;
      const width = this.#integerArgument();
      if (width === undefined) return '%!(BADWIDTH)';
      flags.width = Math.abs(width);
      flags.minus ||= width < 0;
      return '';
    }
    flags.width = this.#number();
    if (this.#isAfterIndex && flags.width !== undefined) this.#isGoodIndex = false;
    return '';
  }

  #precision(flags: Flags): string {
    // A point that ends the format is no precision but the verb.
    if (this.#format[this.#at] !== '.' || this.#at + 1 >= this.#format.length) return '';
    this.#at++;
    if (this.#isAfterIndex) this.#isGoodIndex = false;
    this.#argumentIndex();
    if (this.#format[this.#at] !== '*') {
      flags.precision = this.#number() ?? 0;
      return '';
    }
    this.#at++;
    this.#isAfterIndex = false;
    const precision = this.#integerArgument();
    if (precision === undefined || precision < 0) return '%!(BADPREC)';
    flags.precision = precision;
    return '';
  }

  /** Digits as a number; of a number that is too large Go drops the rest of the format. */
  #number(): number | undefined {
    DIGITS.lastIndex = this.#at;
    const digits = DIGITS.exec(this.#format)?.[0] ?? '';
    const isTooLarge = digits.length > 1 && Number(digits.slice(0, -1)) > MAX_NUMBER;
    if (isTooLarge) {
      this.#at = this.#format.length;
      return undefined;
    }
    this.#at += digits.length;
    return digits === '' ? undefined : Number(digits);
  }

  #integerArgument(): number | undefined {
    const value = dig(this.#values[this.#next]);
    if (this.#next >= this.#values.length) return undefined;
    this.#next++;
    if (value === undefined || !(isInt(value.type.kind) || isUint(value.type.kind))) return undefined;
    const number = Number(integerOf(value));
    return Math.abs(number) > MAX_NUMBER ? undefined : number;
  }

  /** A `[n]`, which says which value comes next. */
  #argumentIndex(): void {
    this.#isAfterIndex = false;
    if (this.#format[this.#at] !== '[') return;
    this.#isReordered = true;
    const close = this.#format.indexOf(']', this.#at);
    // Without its end only the bracket is passed over, and it stays a verb that has no value.
    if (close < 0 || this.#format.length - this.#at < 3) {
      this.#isGoodIndex = false;
      this.#at++;
      return;
    }
    const written = this.#format.slice(this.#at + 1, close);
    this.#at = close + 1;
    const index = /^[0-9]{1,7}$/.test(written) ? Number(written) - 1 : -1;
    this.#isAfterIndex = /^[0-9]{1,7}$/.test(written);
    if (index >= 0 && index < this.#values.length) this.#next = index;
    else this.#isGoodIndex = false;
  }
}
