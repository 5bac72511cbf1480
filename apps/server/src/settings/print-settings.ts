import { formatMilliseconds, formatSize } from './quantities.ts';
import { defaultOf, type Field, keyOf, type RowField, type Section, variableOf } from './section.ts';

const WIDTH = 100;
const REDACTED = '(not shown)';

/** What is printed of settings; `readSettings` gives it. */
export interface PrintableSettings {
  readonly settings: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly origins: ReadonlyMap<string, string>;
}

/**
 * Writes the whole settings file: every key with what it means, its variable and its value. Defaults are
 * commented out, and so are secrets, whose values are left out: what is printed may be used as a file.
 */
export function printSettings(sections: readonly Section[], printable: PrintableSettings): string {
  const texts = sections.map((section) => {
    const { name, doc, fields } = section;
    const tables = Object.entries(fields).map(([property, field]) => ({ property, field }));
    // What follows `[[a.b]]` belongs to it, so that plain keys come first.
    const inOrder = [...tables.filter((each) => !isArray(each)), ...tables.filter(isArray)];
    const keys = inOrder.map(({ property, field }) => printField(name, property, field, printable));
    return [
      ...comment(doc),
      titleOf(section, printable),
      '',
      ...keys.flatMap((lines) => [...lines, '']),
    ].join('\n');
  });
  return texts.join('\n');
}

/** An empty table that nobody wrote is left out where it would mean something. */
function titleOf({ name, fields, countsWhenEmpty }: Section, { origins }: PrintableSettings): string {
  const paths = [name, ...Object.keys(fields).map((property) => `${name}.${keyOf(property)}`)];
  return `${countsWhenEmpty && !paths.some((path) => origins.has(path)) ? '# ' : ''}[${name}]`;
}

function isArray({ field }: { readonly field: Field }): boolean {
  return field.kind === 'table-array';
}

function printField(
  sectionName: string,
  property: string,
  field: Field,
  { settings, origins }: PrintableSettings,
): string[] {
  const key = keyOf(property);
  const value = settings[sectionName]?.[property];
  const origin = origins.get(`${sectionName}.${key}`);
  const head = [...comment(field.doc), ...comment(factsOf(field, variableOf(sectionName, property), origin))];
  if (field.kind === 'table-array') {
    const title = `[[${sectionName}.${key}]]`;
    const rows = (value ?? []) as readonly Record<string, unknown>[];
    if (rows.length === 0) return [...head, ...printRow(title, field.fields, {}, '# ')];
    return [...head, ...rows.flatMap((row) => printRow(title, field.fields, row, ''))];
  }
  return [...head, printValue(key, field, value, origin !== undefined)];
}

/** With an indent of `# `, a row that could be: its keys have their kinds or defaults. */
function printRow(
  title: string,
  fields: Readonly<Record<string, RowField>>,
  row: Readonly<Record<string, unknown>>,
  indent: string,
): string[] {
  const lines = Object.entries(fields).flatMap(([property, field]) => {
    const isSet = indent === '' && row[property] !== undefined;
    const line = printValue(keyOf(property), field, row[property] ?? defaultOf(field), isSet);
    return [...comment(`${field.doc} (${describeKind(field)})`), line];
  });
  return [`${indent}${title}`, ...lines];
}

function printValue(key: string, field: RowField, value: unknown, isSet: boolean): string {
  if (field.kind === 'string' && field.secret) return `# ${key} = "${value === undefined ? '' : REDACTED}"`;
  if (value === undefined) return `# ${key} = ${emptyOf(field)}`;
  return `${isSet ? '' : '# '}${key} = ${formatValue(field, value)}`;
}

/** What stands for a value that nobody gave. */
function emptyOf(field: RowField): string {
  if (field.kind === 'boolean') return 'false';
  return field.kind === 'integer' ? String(field.min) : '""';
}

function formatValue(field: RowField, value: unknown): string {
  if (field.kind === 'size') return `"${formatSize(Number(value))}"`;
  if (field.kind === 'duration') return `"${formatMilliseconds(Number(value))}"`;
  if (field.kind === 'list') return `[${(value as readonly string[]).map(quote).join(', ')}]`;
  if (field.kind === 'map') return formatMap(value as Readonly<Record<string, string>>);
  return field.kind === 'string' ? quote(String(value)) : String(value);
}

function formatMap(map: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(map).map(([name, text]) => `${quote(name)} = ${quote(text)}`);
  return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`;
}

/** JSON escapes all that TOML has to have escaped, but for DEL. */
function quote(text: string): string {
  return JSON.stringify(text).replaceAll('\x7f', '\\u007f');
}

function factsOf(field: Field, variable: string, origin: string | undefined): string {
  const facts = [describeKind(field), variable];
  if (field.reloadable) facts.push('taken up while it runs');
  if (origin !== undefined) facts.push(`set by ${origin}`);
  return `(${facts.join('; ')})`;
}

/** What may be written, and what holds otherwise. */
function describeKind(field: Field): string {
  if (field.kind === 'table-array') return 'any number of tables';
  const kind = field.kind === 'integer' ? `integer from ${field.min} to ${field.max}` : field.kind;
  const choices = 'choices' in field ? field.choices?.map(quote).join(' or ') : undefined;
  const what = choices === undefined ? kind : field.kind === 'list' ? `list of ${choices}` : choices;
  if ('required' in field && field.required) return `${what}, required`;
  const standard = defaultOf(field);
  if (standard === undefined) return `${what}, absent by default`;
  return `${what}, default ${formatValue(field, standard)}`;
}

/** Lines of a comment, broken between words. */
function comment(text: string): string[] {
  const lines: string[] = [];
  let line = '#';
  for (const word of text.split(/\s+/)) {
    if (line.length + 1 + word.length > WIDTH && line !== '#') {
      lines.push(line);
      line = '#';
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
