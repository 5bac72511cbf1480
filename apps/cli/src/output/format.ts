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
  // The commonest template is known without the language.
  if (format === IDS && ID !== undefined) return rows.map((row) => `${ID(row)}\n`).join('');
  const { formatRows } = await import('./row-template.ts');
  return formatRows(format, listing, rows);
}

function plainTable<Row>(listing: Listing<Row>, rows: readonly Row[]): string {
  const { absent = {}, fields, headings, table } = listing;
  const cellOf = (row: Row) => (name: string) => fields[name]?.(row) || (absent[name] ?? '');
  return formatTable([
    table.map((name) => headings[name] ?? ''),
    ...rows.map((row) => table.map(cellOf(row))),
  ]);
}
