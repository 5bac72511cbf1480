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
  return alignColumns(rows.map(toCells));
}

function toCells(row: readonly string[]): string[] {
  const cells = row.some((cell) => cell.includes('\t')) ? row.flatMap((cell) => cell.split('\t')) : row;
  return cells.map(oneLine);
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
      const cells: number[] = [];
      for (end = start; hasCell(end); end++) {
        const taken = displayWidth(lines[end]?.[column] ?? '');
        cells.push(taken);
        width = Math.max(width, taken + padding);
      }
      for (const [at, taken] of cells.entries()) {
        const line = padded[start + at];
        if (line !== undefined) line[column] += ' '.repeat(width - taken);
      }
      // The line that has no cell here belongs to no run.
      if (end === start) end++;
    }
  }
  return padded.map((line) => `${line.join('')}\n`).join('');
}
