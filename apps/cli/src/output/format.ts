import { formatTable } from './table.ts';

/** The format of a list when none is given: columns that the command chooses. */
export const TABLE = 'table';
export const RAW = 'raw';
/** The format of `--quiet`. */
export const IDS = '{{.ID}}';

/** A list that a command prints row by row, in a form that the user may choose. */
export interface Listing<Row> {
  /** The rows' type in Docker's client, which its messages name: `formatter.imageContext`. */
  readonly goType: string;
  /** What each placeholder stands for. */
  readonly fields: Readonly<Record<string, (row: Row) => string>>;
  /** What stands for it in JSON, where that is another text. */
  readonly jsonFields?: Readonly<Record<string, (row: Row) => string>>;
  /** What each placeholder stands for in a table's first line. */
  readonly headings: Readonly<Record<string, string>>;
  /** What the plain table shows in the place of nothing. */
  readonly absent?: Readonly<Record<string, string>>;
  /** The placeholders of the table that is printed when nothing else is asked for. */
  readonly table: readonly string[];
}

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
