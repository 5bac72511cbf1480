import { type Command, Option } from 'commander';

/** What a value is, to whoever completes it: one of these texts, or a thing of this kind. */
export type ValueKind =
  | readonly string[]
  | 'container'
  | 'directory'
  | 'file'
  | 'image'
  // Nothing that anyone could know.
  | 'none'
  | 'object'
  | 'paused-container'
  | 'registry'
  | 'remote-image'
  | 'repository'
  | 'running-container'
  | 'stopped-container';

/** One flag of a command, as Docker's flag library (spf13/pflag) defines them. */
export interface FlagSpec {
  readonly name: string;
  /** One letter. */
  readonly short?: string;
  /** `filter`: a list of `name=value`; `strings`: a list, several of which may stand behind commas. */
  readonly type: 'bool' | 'string' | 'list' | 'strings' | 'int' | 'filter';
  /** What the help text calls the type; absent: as it is called here. */
  readonly typeName?: string;
  readonly usage: string;
  /** A default that the help text shows; absent: false, the empty text, none. */
  readonly default?: boolean | string | number;
  /** What the flag alone stands for, without a value; absent: it needs one, unless it is a `bool`. */
  readonly preset?: string;
  readonly hidden?: boolean;
  /** Absent: nobody knows. */
  readonly values?: ValueKind;
}

/** A value that does not fit its flag. */
export class FlagError extends Error {
  override readonly name = 'FlagError';
}

/** A flag as commander's option. All of them take values: to pflag, `--all` is short for `--all=true`. */
export class FlagOption extends Option {
  readonly type: FlagSpec['type'];
  readonly typeName: string;
  readonly #name: string;

  constructor(spec: FlagSpec) {
    const names = spec.short === undefined ? `--${spec.name}` : `-${spec.short}, --${spec.name}`;
    super(`${names} <${spec.type}>`, spec.usage);
    this.#name = spec.name;
    this.type = spec.type;
    this.typeName = shownType(spec);
    // To commander, `no-trunc` would be the opposite of `trunc`.
    this.negate = false;
    this.default(spec.default)
      .hideHelp(spec.hidden === true)
      .argParser(valueReader(names, spec.type));
    const preset = spec.type === 'bool' ? 'true' : spec.preset;
    if (preset !== undefined) this.preset(preset);
  }

  /** commander's own takes it from `--name` each time that it compares two of them. */
  override name(): string {
    return this.#name;
  }

  override attributeName(): string {
    return this.#name;
  }
}

/** As pflag shows it: what the flag alone stands for comes in brackets. */
export function shownType({ type, typeName = type, preset }: FlagSpec): string {
  return preset === undefined ? typeName : `${typeName}[=${JSON.stringify(preset)}]`;
}

/** The values of a command's flags. Asking for a flag that the command does not have is a mistake. */
export class Flags {
  readonly #command: Command;
  #options: ReadonlyMap<string, FlagOption> | undefined;

  constructor(command: Command) {
    this.#command = command;
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

  strings(name: string): readonly string[] {
    const value = this.#get(name, 'strings');
    return Array.isArray(value) ? value : [];
  }

  /** As given, without those that are empty. */
  filter(name: string): readonly string[] {
    const value = this.#get(name, 'filter');
    return Array.isArray(value) ? value.filter((text) => text !== '') : [];
  }

  int(name: string): number | undefined {
    const value = this.#get(name, 'int');
    return typeof value === 'number' ? value : undefined;
  }

  /** Tells whether the command has the flag. */
  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  /** Tells whether the user gave the flag. */
  changed(name: string): boolean {
    return this.#command.getOptionValueSource(name) === 'cli';
  }

  #find(name: string): FlagOption | undefined {
    this.#options ??= new Map(
      this.#command.options.filter((each) => each instanceof FlagOption).map((each) => [each.name(), each]),
    );
    return this.#options.get(name);
  }

  #get(name: string, type: FlagSpec['type']): unknown {
    if (this.#find(name)?.type !== type) throw new Error(`the command has no ${type} flag --${name}`);
    return this.#command.getOptionValue(name);
  }
}

const READERS = {
  bool: parseBool,
  int: parseInteger,
  string: (text) => text,
  list: addText,
  strings: (text, previous) => [...listed(previous), ...(text === '' ? [] : text.split(','))],
  filter: (text, previous) => {
    requireFilter(text);
    return addText(text, previous);
  },
} satisfies Record<FlagSpec['type'], (text: string, previous: unknown) => unknown>;

function addText(text: string, previous: unknown): string[] {
  return [...listed(previous), text];
}

function listed(previous: unknown): string[] {
  return Array.isArray(previous) ? previous : [];
}

/** What commander reads a value with. It throws `FlagError`; `names` are the flag's, as pflag shows them. */
function valueReader(names: string, type: FlagSpec['type']) {
  return (text: string, previous: unknown): unknown => {
    try {
      return READERS[type](text, previous);
    } catch (error) {
      if (!(error instanceof FlagError)) throw error;
      throw new FlagError(`invalid argument ${JSON.stringify(text)} for "${names}" flag: ${error.message}`);
    }
  };
}

const TRUE_TEXTS = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE_TEXTS = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

/** Reads what Go's `strconv.ParseBool` reads. Throws `FlagError`. */
export function parseBool(text: string): boolean {
  if (TRUE_TEXTS.has(text)) return true;
  if (FALSE_TEXTS.has(text)) return false;
  throw new FlagError(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}

function requireFilter(text: string): void {
  if (text !== '' && !/[=<>]/.test(text)) throw new FlagError('bad format of filter (expected name=value)');
}

function parseInteger(text: string): number {
  const number = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(number))
    throw new FlagError(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  if (!Number.isSafeInteger(number))
    throw new FlagError(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`);
  return number;
}
