import { parseDuration as readDuration } from '@wherry/dockerfile';
import { WherryError } from '../errors.ts';

/** Reads Go's durations, `1h15m30.5s`, as nanoseconds. Throws `INVALID_ARGUMENT` in Go's words. */
export function parseDuration(text: string): number {
  const read = readDuration(text);
  if ('problem' in read) throw new WherryError('INVALID_ARGUMENT', read.problem);
  return Number(read.nanoseconds);
}
