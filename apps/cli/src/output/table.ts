import { oneLine } from './printable.ts';
import { displayWidth } from './width.ts';

/** Docker's: `tabwriter.NewWriter(out, 10, 1, 3, ' ', 0)`. */
const MIN_CELL_WIDTH = 10;
const PADDING = 3;

/** Lays rows of cells out in columns; the last column is not padded. Every line ends with a newline. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const clean = rows.map((row) => row.map(oneLine));
  const widths: number[] = [];
  for (const row of clean)
    for (const [column, cell] of row.entries())
      widths[column] = Math.max(widths[column] ?? MIN_CELL_WIDTH, displayWidth(cell) + PADDING);
  return clean.map((row) => `${formatRow(row, widths)}\n`).join('');
}

function formatRow(row: readonly string[], widths: readonly number[]): string {
  return row
    .map((cell, column) =>
      column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - displayWidth(cell)),
    )
    .join('');
}
