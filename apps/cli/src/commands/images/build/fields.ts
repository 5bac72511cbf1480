import { FlagError } from '../../../flags.ts';

/** The fault of a flag's value, as pflag says it; `names` are the flag's: `-t, --tag`. */
export function badFlag(text: string, names: string, fault: string): FlagError {
  return new FlagError(`invalid argument ${JSON.stringify(text)} for "${names}" flag: ${fault}`);
}

/**
 * The value of a flag that is made of `key=value` behind commas, as CSV writes them (RFC 4180). Keys are taken one by
 * one: what nobody took is a mistake of the user's.
 */
export class Fields {
  readonly #text: string;
  readonly #names: string;
  readonly #values: Map<string, string>;

  /** `names` are the flag's. Throws `FlagError`. */
  constructor(text: string, names: string) {
    this.#text = text;
    this.#names = names;
    this.#values = new Map(
      wordsOf(text, names).map((word) => {
        const equals = word.indexOf('=');
        if (equals <= 0) throw this.fault(`invalid field ${JSON.stringify(word)} must be a key=value pair`);
        return [word.slice(0, equals).trim().toLowerCase(), word.slice(equals + 1)];
      }),
    );
  }

  /** The value of the first of these keys that there is; all of them count as taken. */
  take(...keys: readonly string[]): string | undefined {
    const values = keys.map((key) => this.#values.get(key));
    for (const key of keys) this.#values.delete(key);
    return values.find((value) => value !== undefined);
  }

  /** As Go's `strconv.ParseBool`; absent: `false`. */
  takeBool(key: string): boolean {
    const text = this.take(key);
    if (text === undefined || /^(?:0|f|false)$/i.test(text)) return false;
    if (/^(?:1|t|true)$/i.test(text)) return true;
    throw this.fault(`invalid value ${JSON.stringify(text)} of ${key}`);
  }

  /** Throws `FlagError` for a key that nobody took. */
  finish(): void {
    for (const [key, value] of this.#values) throw this.fault(`unexpected key '${key}' in '${key}=${value}'`);
  }

  fault(reason: string): FlagError {
    return badFlag(this.#text, this.#names, reason);
  }
}

/** The fields of one line of CSV; blanks around them go. */
export function wordsOf(text: string, names: string): string[] {
  const words: string[] = [];
  // Every field is followed by a comma or by the end, so that an empty match cannot come twice.
  const field = /\s*(?:"((?:[^"]|"")*)"|([^",]*))\s*(,|$)/y;
  for (let isOpen = true; isOpen; ) {
    const match = field.exec(text);
    if (match === null) throw badFlag(text, names, 'a quote stands where none may stand');
    const [, quoted, plain = '', end] = match;
    words.push(quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"'));
    isOpen = end === ',';
  }
  return words;
}
