import { oneLine } from './printable.ts';
import { displayWidth } from './width.ts';

/** Docker's: `tabwriter.NewWriter(out, 10, 1, 3, ' ', 0)`. */
const MIN_CELL_WIDTH = 10;
const PADDING = 3;

/**
 * Lays rows of cells out in columns; a row's last cell is not padded. Rows may differ in length: a column is
 * as wide as the neighbouring rows that go on behind it need. Every line ends with a newline.
 */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const clean = rows.map((row) => row.map(oneLine));
  const widths = clean.map((row) => row.slice(0, -1).map((cell) => displayWidth(cell) + PADDING));
  const columns = Math.max(0, ...widths.map((row) => row.length));
  for (let column = 0; column < columns; column++) levelColumn(widths, column);
  return clean.map((row, index) => `${formatRow(row, widths[index] ?? [])}\n`).join('');
}

/** Gives a column's cells in rows that follow one another the width of the widest. Go's text/tabwriter. */
function levelColumn(widths: number[][], column: number): void {
  for (let start = 0; start < widths.length; start++) {
    let end = start;
    let width = MIN_CELL_WIDTH;
    for (let cell = widths[end]?.[column]; cell !== undefined; cell = widths[++end]?.[column])
      width = Math.max(width, cell);
    for (const row of widths.slice(start, end)) row[column] = width;
    start = end;
  }
}

function formatRow(row: readonly string[], widths: readonly number[]): string {
  return row
    .map((cell, column) => cell + ' '.repeat(Math.max(0, (widths[column] ?? 0) - displayWidth(cell))))
    .join('');
}
