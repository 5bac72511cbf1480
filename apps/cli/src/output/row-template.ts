import {
  dockerFunctions,
  dockerHeaderFunctions,
  encodeJson,
  type GoType,
  map,
  method,
  named,
  parseTemplate,
  pointer,
  string,
  struct,
  type Template,
  TemplateError,
  typed,
} from '@wherry/gotemplate';
import { CommandError } from '../errors.ts';
import { jsonFieldsOf, plainJson } from './json-rows.ts';
import { type Listing, TABLE } from './listing.ts';
import { tableText } from './printable.ts';
import { alignColumns } from './table.ts';
import { execute, parseFormat, unsuitable } from './template.ts';

/** A label's column is headed by the last part of its name. */
const HEADINGS = named('formatter.SubHeaderContext', map(string, string), {
  methods: {
    Label: method([string], string, (_, name) => (name.split('.').at(-1) ?? '').replace(/[-_]/g, ' ')),
  },
});

/**
 * Prints each row by the template of a format, under headings where the format begins with `table`. Nothing
 * is printed when a row fails. Throws a `CommandError`.
 */
export function formatRows<Row>(format: string, listing: Listing<Row>, rows: readonly Row[]): string {
  return rowFormatter(format, listing)(rows);
}

/** The same for rows that come later: the template is read at once. Throws a `CommandError`, now and then. */
export function rowFormatter<Row>(format: string, listing: Listing<Row>): (rows: readonly Row[]) => string {
  const isTable = format.startsWith(TABLE);
  const template = parseFormat(templateText(format));
  const type = rowType(listing, isTable ? tableText : (text) => text);
  return (rows) => {
    let text = '';
    for (const row of rows) text += `${executeOnRow(template, type, row)}\n`;
    if (!isTable) return text;
    const lines = `${headingLine(template, listing.headings)}\n${text}`.split('\n').slice(0, -1);
    return alignColumns(lines.map((line) => line.split(/[\t\v]/)));
  };
}

/**
 * Tries a format on a row of nothing, as Docker does where the template tells which facts are needed, and says
 * which placeholders it asked for. Throws a `CommandError` in the words that Docker then has. docker/cli,
 * `buildContainerListOptions`.
 */
export function placeholdersOf<Row>(format: string, listing: Listing<Row>): ReadonlySet<string> {
  const asked = new Set<string>();
  const nothing = (name: string) => () => {
    asked.add(name);
    return '';
  };
  const emptied = (fields: object) =>
    Object.fromEntries(Object.keys(fields).map((name) => [name, nothing(name)]));
  const { goType, fields, askedFields = {} } = listing;
  const type = rowType(
    { goType, fields: emptied(fields), askedFields: emptied(askedFields) },
    (text) => text,
  );
  let template: Template | undefined;
  try {
    template = parseTemplate(format, { name: '', functions: dockerFunctions });
    execute(template, typed(type, {}));
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const text = `failed to ${template ? 'execute' : 'parse'} template: ${error.message}`;
    throw new CommandError(text, { cause: error });
  }
  return asked;
}

/** The template in a list's format, where two letters may stand for a tab or the end of a line. */
export function templateText(format: string): string {
  return (format.startsWith(TABLE) ? format.slice(TABLE.length) : format)
    .replace(/^ +| +$/g, '')
    .replaceAll('\\t', '\t')
    .replaceAll('\\n', '\n');
}

/**
 * A row to Go: nothing but methods, one for each placeholder, and the JSON of all of them. `clean` is applied
 * to the text of each.
 */
export function rowType<Row>(
  listing: Pick<Listing<Row>, 'askedFields' | 'goType' | 'fields' | 'jsonFields' | 'notInJson'>,
  clean: (text: string) => string,
): GoType {
  const entries = Object.entries(listing.fields);
  const methods = entries.map(([name, field]) => [name, method([], string, (row: Row) => clean(field(row)))]);
  const asked = Object.entries(listing.askedFields ?? {}).map(([name, field]) => [
    name,
    method([string], string, (row: Row, text: string) => clean(field(row, text))),
  ]);
  const jsonFields = jsonFieldsOf(listing);
  const marshalJson = (row: Row) => {
    const texts: Record<string, string> = {};
    for (const [name, field] of jsonFields) texts[name] = clean(field(row));
    return plainJson(texts) ?? encodeJson(texts, { escapeHtml: true });
  };
  return pointer(
    struct(listing.goType, {}, { methods: Object.fromEntries([...methods, ...asked]), marshalJson }),
  );
}

function executeOnRow(template: Template, type: GoType, row: unknown): string {
  try {
    return execute(template, typed(type, row));
  } catch (error) {
    throw unsuitable(error);
  }
}

/** What does not suit headings, as a method with arguments, ends the line: Docker passes over the fault. */
function headingLine(template: Template, headings: Readonly<Record<string, string>>): string {
  try {
    return execute(template, typed(HEADINGS, headings), { functions: dockerHeaderFunctions });
  } catch (error) {
    if (error instanceof TemplateError) return error.outputBeforeError;
    throw error;
  }
}
