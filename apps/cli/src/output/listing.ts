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
  /** Placeholders that take a text, `{{.Label "name"}}`; templates alone know them. */
  readonly askedFields?: Readonly<Record<string, (row: Row, text: string) => string>>;
  /** What stands for it in JSON, where that is another text. */
  readonly jsonFields?: Readonly<Record<string, (row: Row) => string>>;
  /** Placeholders that templates alone know. */
  readonly notInJson?: readonly string[];
  /** What each placeholder stands for in a table's first line. */
  readonly headings: Readonly<Record<string, string>>;
  /** What the plain table shows for it, where that is another text. */
  readonly cells?: Readonly<Record<string, (row: Row) => string>>;
  /** What the plain table shows in the place of nothing. */
  readonly absent?: Readonly<Record<string, string>>;
  /** The placeholders of the table that is printed when nothing else is asked for. */
  readonly table: readonly string[];
}
