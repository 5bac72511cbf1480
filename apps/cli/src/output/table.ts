import { oneLine } from './printable.ts';
import { displayWidth } from './width.ts';

/** How far columns stand apart. */
export interface Spacing {
  /** Cells that a column takes at least, its padding included. */
  readonly minWidth: number;
  readonly padding: number;
}

/** Docker's for lists: `tabwriter.NewWriter(out, 10, 1, 3, ' ', 0)`. */
const LIST_SPACING: Spacing = { minWidth: 10, padding: 3 };

/**
 * Lays rows of cells out in columns; the last column is not padded. Every line ends with a newline. A tab in a
 * cell begins a further one, as it does in Docker's tables.
 */
export function formatTable(rows: readonly (readonly string[])[]): string {
  return alignColumns(rows.map((row) => row.flatMap((cell) => cell.split('\t')).map(oneLine)));
}

/**
 * Pads all cells but the last of each line. A column is a run of lines that have such a cell there, so that a
 * line with fewer cells ends it. docker/cli, package `tabwriter`.
 */
export function alignColumns(
  lines: readonly (readonly string[])[],
  { minWidth, padding }: Spacing = LIST_SPACING,
): string {
  const columns = lines.reduce((most, line) => Math.max(most, line.length - 1), 0);
  const padded = lines.map((line) => [...line]);
  for (let column = 0; column < columns; column++) {
    const hasCell = (at: number) => column < (lines[at]?.length ?? 0) - 1;
    for (let start = 0, end = 0; start < lines.length; start = end) {
      let width = minWidth;
      for (end = start; hasCell(end); end++)
        width = Math.max(width, displayWidth(lines[end]?.[column] ?? '') + padding);
      for (const line of padded.slice(start, end)) line[column] = padTo(line[column] ?? '', width);
      // The line that has no cell here belongs to no run.
      if (end === start) end++;
    }
  }
  return padded.map((line) => `${line.join('')}\n`).join('');
}

function padTo(cell: string, width: number): string {
  return cell + ' '.repeat(width - displayWidth(cell));
}
