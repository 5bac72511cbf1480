import type { Flags } from '../flags.ts';
import { isJsonFormat } from './json-format.ts';
import { plainJsonRows } from './json-rows.ts';
import { IDS, type Listing, TABLE } from './listing.ts';
import { formatTable } from './table.ts';

/**
 * Prints rows in a format: `table`, `table TEMPLATE`, `json`, or a template. Throws a `CommandError` when the
 * template is none, or does not suit the rows. docker/cli, `formatter.Context`.
 */
export async function formatList<Row>(
  format: string,
  listing: Listing<Row>,
  rows: readonly Row[],
): Promise<string> {
  if (format === TABLE) return plainTable(listing, rows);
  const { ID } = listing.fields;
  // The commonest templates are known without the language.
  if (format === IDS && ID !== undefined) return rows.map((row) => `${ID(row)}\n`).join('');
  const json = isJsonFormat(format) ? plainJsonRows(listing, rows) : undefined;
  if (json !== undefined) return json;
  const { formatRows } = await import('./row-template.ts');
  return formatRows(format, listing, rows);
}

/**
 * What prints rows in the format that the user chose; `undefined` when none was. A format that is no template
 * is refused here, before the command has done anything. Throws a `CommandError`.
 */
export async function chosenFormat<Row>(
  flags: Flags,
  listing: Listing<Row>,
): Promise<((rows: readonly Row[]) => string) | undefined> {
  const format = flags.string('format');
  if (!format) return undefined;
  if (format === TABLE) return (rows) => plainTable(listing, rows);
  const { rowFormatter } = await import('./row-template.ts');
  return rowFormatter(format, listing);
}

function plainTable<Row>(listing: Listing<Row>, rows: readonly Row[]): string {
  const { absent = {}, cells = {}, fields, headings, table } = listing;
  const cellOf = (row: Row) => (name: string) => (cells[name] ?? fields[name])?.(row) || (absent[name] ?? '');
  return formatTable([
    table.map((name) => headings[name] ?? ''),
    ...rows.map((row) => table.map(cellOf(row))),
  ]);
}
