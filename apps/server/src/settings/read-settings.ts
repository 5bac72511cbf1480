import { nearestName, parseToml, type TomlTable, WherryError } from '@wherry/core';
import { type Checked, checkValue, rawOf } from './field-value.ts';
import {
  defaultOf,
  type Field,
  keyOf,
  type RowField,
  type Section,
  type SettingsOf,
  type SettingsOfAll,
  VARIABLE_PREFIX,
  variableOf,
} from './section.ts';

/** Where settings come from; the later in this list wins. */
export interface SettingsSources {
  /** Absent: there is no file. */
  readonly file?: { readonly path: string; readonly text: string };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** By `section.key` of the file; `source` is what errors name, such as `--addr`. */
  readonly flags?: Readonly<Record<string, { readonly text: string; readonly source: string }>>;
}

export interface ReadSettings<T extends readonly Section[]> {
  readonly settings: SettingsOfAll<T>;
  /**
   * Who set a key, by `section.key`: the file, a variable, a flag. Absent: its default holds. A section that counts
   * when it is empty is there by its name if the file has it.
   */
  readonly origins: ReadonlyMap<string, string>;
  /** What looks wrong and may be right. */
  readonly warnings: readonly string[];
}

/** Variables below the prefix that are no settings. */
const OTHER_VARIABLES = ['WHERRY_SERVE_CONFIG'];

/**
 * Reads the settings of all sections, each key from the strongest source that has it. Throws
 * `INVALID_CONFIG`, with file, line and column, for what is malformed, out of range or unknown.
 */
export async function readSettings<const T extends readonly Section[]>(
  sections: T,
  { file, env, flags = {} }: SettingsSources,
): Promise<ReadSettings<T>> {
  const root = file && (await parseToml(file.text, file.path));
  const origins = new Map<string, string>();
  const settings: Record<string, unknown> = {};
  for (const section of sections)
    settings[section.name] = await readSection(section, {
      table: root?.table(section.name),
      env,
      flags,
      origins,
    });
  root?.end();
  return { settings: settings as SettingsOfAll<T>, origins, warnings: strangeVariables(sections, env) };
}

/** What one section is read from; `table` is its own, absent where the file has none. */
export interface SectionSources extends Pick<SettingsSources, 'env' | 'flags'> {
  readonly table: TomlTable | undefined;
  /** Gets who set each key. */
  readonly origins?: Map<string, string>;
}

/** Reads the settings of one section. Throws `INVALID_CONFIG`. */
export async function readSection<S extends Section>(
  { name, fields, countsWhenEmpty }: S,
  { table, env, flags = {}, origins }: SectionSources,
): Promise<SettingsOf<S>> {
  if (table && countsWhenEmpty) origins?.set(name, table.path);
  const values: Record<string, unknown> = {};
  for (const [property, field] of Object.entries(fields)) {
    const key = keyOf(property);
    const path = `${name}.${key}`;
    const inFile = table && fromTable(table, key, field);
    const outside = flags[path] ?? fromVariable(env, variableOf(name, property));
    values[property] = outside ? await fromText(field, outside) : (inFile ?? defaultOf(field));
    const origin = outside?.source ?? (inFile === undefined ? undefined : table?.path);
    if (origin !== undefined) origins?.set(path, origin);
  }
  table?.end();
  return values as SettingsOf<S>;
}

/** Absent: the table does not have the key. */
function fromTable(table: TomlTable, key: string, field: Field): unknown {
  if (field.kind !== 'table-array') {
    const raw = table.value(key);
    return raw === undefined ? undefined : accept(checkValue(field, raw), (text) => table.invalid(key, text));
  }
  const rows = table.tables(key).map((row) => fromRow(row, field.fields));
  return rows.length > 0 ? rows : undefined;
}

function fromRow(row: TomlTable, fields: Readonly<Record<string, RowField>>): Record<string, unknown> {
  const values = Object.entries(fields).map(([property, field]) => {
    const key = keyOf(property);
    const value = fromTable(row, key, field);
    if (value === undefined && 'required' in field && field.required) throw row.invalid(key, 'is missing');
    return [property, value ?? defaultOf(field)] as const;
  });
  row.end();
  return Object.fromEntries(values);
}

/** An empty variable is as one that is not set, as people unset them in files of variables. */
function fromVariable(env: SettingsSources['env'], name: string) {
  const text = env[name];
  return text === undefined || text === '' ? undefined : { text, source: name };
}

/** Tables are written in TOML there too: `[{ prefix = "docker.io" }]`. */
async function fromText(
  field: Field,
  { text, source }: { readonly text: string; readonly source: string },
): Promise<unknown> {
  if (field.kind === 'table-array') {
    const table = await parseToml(`value = ${text}`, source);
    const value = fromTable(table, 'value', field) ?? [];
    table.end();
    return value;
  }
  return accept(
    checkValue(field, rawOf(field, text)),
    (problem) => new WherryError('INVALID_CONFIG', `${source} ${problem}`),
  );
}

function accept(checked: Checked, toError: (problem: string) => WherryError): unknown {
  if ('problem' in checked) throw toError(checked.problem);
  return checked.value;
}

/**
 * Variables that are no settings and look as if they were. No error: a cluster sets variables after the names
 * of its services, and one may be called wherry-serve.
 */
function strangeVariables(sections: readonly Section[], env: SettingsSources['env']): string[] {
  const known = sections.flatMap(({ name, fields }) =>
    Object.keys(fields).map((property) => variableOf(name, property)),
  );
  const expected = new Set([...known, ...OTHER_VARIABLES]);
  return Object.keys(env)
    .filter((name) => name.startsWith(VARIABLE_PREFIX) && !expected.has(name))
    .map((name) => {
      const meant = nearestName(name, known);
      return `${name} is not a setting${meant === undefined ? '' : `, did you mean ${meant}?`}`;
    });
}
