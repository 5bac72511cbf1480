/** What every key of the settings file says of itself. */
interface Documented {
  /** For the printed file: a sentence or two, with units and what the default means. */
  readonly doc: string;
  /** A new value comes into force while the service runs; absent: a restart puts it there. */
  readonly reloadable?: boolean;
}

/** Without a `default`, and not `required`, a key may be absent. */
interface Optional<T> extends Documented {
  readonly default?: T;
  /** In rows of tables: each has to have it. */
  readonly required?: boolean;
}

export interface StringField extends Optional<string> {
  readonly kind: 'string';
  /** The texts there are, if not any will do. */
  readonly choices?: readonly string[];
  /** What is wrong with a text, such as `want an absolute path`; absent: nothing. */
  readonly check?: (text: string) => string | undefined;
  /** Never printed. */
  readonly secret?: boolean;
}

export interface BooleanField extends Optional<boolean> {
  readonly kind: 'boolean';
}

export interface IntegerField extends Optional<number> {
  readonly kind: 'integer';
  readonly min: number;
  readonly max: number;
}

/** A number of bytes, written as `512MiB` or `20GB`. */
export interface SizeField extends Optional<number> {
  readonly kind: 'size';
  readonly min?: number;
}

/** Milliseconds, written as `90s` or `1h30m`. */
export interface DurationField extends Optional<number> {
  readonly kind: 'duration';
  readonly min?: number;
}

/** Texts that are not empty. */
export interface ListField extends Documented {
  readonly kind: 'list';
  /** Absent: an empty list. */
  readonly default?: readonly string[];
  /** The texts there are, if not any will do. */
  readonly choices?: readonly string[];
  /** In rows of tables: there has to be an entry. */
  readonly required?: boolean;
  /** What is wrong with an entry; absent: nothing. */
  readonly check?: (text: string) => string | undefined;
}

/** Texts by texts, none of them empty. */
export interface MapField extends Documented {
  readonly kind: 'map';
}

/** `[[section.key]]`, any number of times, each with fields of its own. */
export interface TableArrayField extends Documented {
  readonly kind: 'table-array';
  readonly fields: Readonly<Record<string, RowField>>;
}

/** What may stand in a row: tables do not nest further. */
export type RowField =
  | StringField
  | BooleanField
  | IntegerField
  | SizeField
  | DurationField
  | ListField
  | MapField;
export type Field = RowField | TableArrayField;

/** One table of the settings file, which one room declares and gets. */
export interface Section {
  /** Of the table, such as `log`. */
  readonly name: string;
  readonly doc: string;
  /** The table means something in the file even where it is empty. */
  readonly countsWhenEmpty?: boolean;
  /** By the names that code uses; the file has them in kebab-case. */
  readonly fields: Readonly<Record<string, Field>>;
}

/** Declares a section, keeping its literal types, from which `SettingsOf` has those of the values. */
export function section<const S extends Section>(declared: S): S {
  return declared;
}

type Absent<F> = F extends { readonly default: unknown } | { readonly required: true } ? never : undefined;

type ValueOf<F> = F extends { readonly kind: 'table-array'; readonly fields: infer R }
  ? readonly ValuesOf<R>[]
  : F extends { readonly kind: 'map' }
    ? Readonly<Record<string, string>>
    : F extends { readonly kind: 'list'; readonly choices: readonly (infer C)[] }
      ? readonly C[]
      : F extends { readonly kind: 'list' }
        ? readonly string[]
        : F extends { readonly kind: 'boolean' }
          ? boolean | Absent<F>
          : F extends { readonly kind: 'string'; readonly choices: readonly (infer C)[] }
            ? C | Absent<F>
            : F extends { readonly kind: 'string' }
              ? string | Absent<F>
              : number | Absent<F>;

type ValuesOf<R> = { readonly [K in keyof R]: ValueOf<R[K]> };

/** What a section's room gets: every key, a default where nothing is said. */
export type SettingsOf<S extends Section> = ValuesOf<S['fields']>;

/** The values of several sections by their names. */
export type SettingsOfAll<T extends readonly Section[]> = {
  readonly [S in T[number] as S['name']]: SettingsOf<S>;
};

/** A section whose keys all have their defaults, for tests and for services without a file. */
export function defaultsOf<S extends Section>({ fields }: S): SettingsOf<S> {
  const values = Object.entries(fields).map(([name, field]) => [name, defaultOf(field)]);
  return Object.fromEntries(values) as SettingsOf<S>;
}

export function defaultOf(field: Field): unknown {
  if (field.kind === 'table-array') return [];
  if (field.kind === 'map') return {};
  return field.kind === 'list' ? (field.default ?? []) : field.default;
}

/** `maxBytes` as the file has it: `max-bytes`. */
export function keyOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The environment variable of a key: `WHERRY_SERVE_MIRROR_MAX_BYTES`. */
export function variableOf(sectionName: string, name: string): string {
  return `${VARIABLE_PREFIX}${sectionName}_${keyOf(name)}`.replaceAll('-', '_').toUpperCase();
}

export const VARIABLE_PREFIX = 'WHERRY_SERVE_';
