/** One flag of a command, as Docker's flag library (spf13/pflag) defines them. */
export interface FlagSpec {
  readonly name: string;
  /** One letter. */
  readonly short?: string;
  readonly type: 'bool' | 'string' | 'list' | 'int';
  readonly usage: string;
  /** A default that the help text shows; absent: false, the empty text, none. */
  readonly default?: boolean | string | number;
  readonly hidden?: boolean;
}

export type FlagValue = boolean | string | number | readonly string[];

/** A command line that does not fit the command's flags; Docker exits with 125. */
export class FlagError extends Error {
  override readonly name = 'FlagError';
}

/** The values of a command's flags. Asking for a flag that the command does not have is a mistake. */
export class Flags {
  readonly #specs: ReadonlyMap<string, FlagSpec>;
  readonly #values: ReadonlyMap<string, FlagValue>;

  constructor(specs: readonly FlagSpec[], values: ReadonlyMap<string, FlagValue>) {
    this.#specs = new Map(specs.map((spec) => [spec.name, spec]));
    this.#values = values;
  }

  bool(name: string): boolean {
    return this.#get(name, 'bool') === true;
  }

  /** The text; `undefined` when the flag was not given and has no default. */
  string(name: string): string | undefined {
    const value = this.#get(name, 'string');
    return typeof value === 'string' ? value : undefined;
  }

  list(name: string): readonly string[] {
    const value = this.#get(name, 'list');
    return Array.isArray(value) ? value : [];
  }

  int(name: string): number | undefined {
    const value = this.#get(name, 'int');
    return typeof value === 'number' ? value : undefined;
  }

  /** Tells whether the command has the flag. */
  has(name: string): boolean {
    return this.#specs.has(name);
  }

  /** Tells whether the user gave the flag. */
  changed(name: string): boolean {
    return this.#values.has(name);
  }

  #get(name: string, type: FlagSpec['type']): FlagValue | undefined {
    const spec = this.#specs.get(name);
    if (spec?.type !== type) throw new Error(`the command has no ${type} flag --${name}`);
    return this.#values.get(name) ?? spec.default;
  }
}

export interface ParsedArguments {
  readonly flags: Flags;
  readonly args: readonly string[];
  /** How help was asked for, if it was. */
  readonly help?: '--help' | '-h';
}

interface ParseState {
  readonly specs: readonly FlagSpec[];
  readonly values: Map<string, FlagValue>;
  readonly rest: string[];
  help?: '--help' | '-h';
}

/**
 * Reads a command line as pflag does: `--flag`, `--flag=value`, `--flag value`, `-f`, `-f=value`, `-fvalue`,
 * bundles such as `-aq`, and `--` before plain arguments. Flags may stand between arguments unless
 * `interspersed` is false: then the first plain argument ends them. Throws `FlagError` with pflag's words.
 */
export function parseFlags(
  specs: readonly FlagSpec[],
  argv: readonly string[],
  options: { readonly interspersed?: boolean } = {},
): ParsedArguments {
  const state: ParseState = { specs, values: new Map(), rest: [...argv] };
  const args: string[] = [];
  for (let token = state.rest.shift(); token !== undefined; token = state.rest.shift()) {
    if (token === '--') {
      args.push(...state.rest.splice(0));
    } else if (token.length < 2 || !token.startsWith('-')) {
      args.push(token);
      if (options.interspersed === false) args.push(...state.rest.splice(0));
    } else if (token.startsWith('--')) {
      readLong(state, token);
    } else {
      readShorts(state, token.slice(1));
    }
  }
  const flags = new Flags(specs, state.values);
  return state.help === undefined ? { flags, args } : { flags, args, help: state.help };
}

function readLong(state: ParseState, token: string): void {
  const body = token.slice(2);
  if (body.startsWith('-') || body.startsWith('=')) throw new FlagError(`bad flag syntax: ${token}`);
  const equals = body.indexOf('=');
  const name = equals < 0 ? body : body.slice(0, equals);
  const spec = state.specs.find((candidate) => candidate.name === name);
  if (spec === undefined) {
    if (name !== 'help') throw new FlagError(`unknown flag: --${name}`);
    state.help = '--help';
    return;
  }
  const inline = equals >= 0 ? body.slice(equals + 1) : spec.type === 'bool' ? 'true' : undefined;
  const value = inline ?? state.rest.shift();
  if (value === undefined) throw new FlagError(`flag needs an argument: --${name}`);
  setFlag(state, spec, value);
}

function readShorts(state: ParseState, letters: string): void {
  let remaining = letters;
  while (remaining !== '') {
    const letter = String.fromCodePoint(remaining.codePointAt(0) ?? 0);
    const after = remaining.slice(letter.length);
    const spec = state.specs.find((candidate) => candidate.short === letter);
    if (spec === undefined) {
      if (letter !== 'h') throw new FlagError(`unknown shorthand flag: '${letter}' in -${remaining}`);
      state.help ??= '-h';
      remaining = after;
    } else if (after.length > 1 && after.startsWith('=')) {
      setFlag(state, spec, after.slice(1));
      return;
    } else if (spec.type === 'bool') {
      setFlag(state, spec, 'true');
      remaining = after;
    } else {
      const value = after === '' ? state.rest.shift() : after;
      if (value === undefined) throw new FlagError(`flag needs an argument: '${letter}' in -${remaining}`);
      setFlag(state, spec, value);
      return;
    }
  }
}

function setFlag(state: ParseState, spec: FlagSpec, text: string): void {
  try {
    if (spec.type === 'bool') state.values.set(spec.name, parseBool(text));
    else if (spec.type === 'int') state.values.set(spec.name, parseInteger(text));
    else if (spec.type === 'string') state.values.set(spec.name, text);
    else
      state.values.set(spec.name, [...((state.values.get(spec.name) as string[] | undefined) ?? []), text]);
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    const shown = spec.short === undefined ? `--${spec.name}` : `-${spec.short}, --${spec.name}`;
    throw new FlagError(`invalid argument ${JSON.stringify(text)} for "${shown}" flag: ${error.message}`);
  }
}

const TRUE_TEXTS = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE_TEXTS = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

/** Reads what Go's `strconv.ParseBool` reads. Throws `FlagError`. */
export function parseBool(text: string): boolean {
  if (TRUE_TEXTS.has(text)) return true;
  if (FALSE_TEXTS.has(text)) return false;
  throw new FlagError(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}

function parseInteger(text: string): number {
  const number = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(number))
    throw new FlagError(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  if (!Number.isSafeInteger(number))
    throw new FlagError(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`);
  return number;
}
