import type { TerminalSize } from '@wherry/core';
import { ApiError } from '../api-error.ts';
import type { Query } from './query.ts';

const MAX_CELLS = 65_535;

/** `h` and `w`. Throws Docker's 400. */
export function sizeOf(query: Query): TerminalSize {
  return { rows: cells(query.text('h')), columns: cells(query.text('w')) };
}

function cells(text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (count <= MAX_CELLS) return count;
  throw new ApiError(400, `strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
}
