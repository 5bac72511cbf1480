import { isWherryError, parseDuration } from '@wherry/core';
import { CommandError } from '../errors.ts';
import type { Flags } from '../flags.ts';

const NS_PER_MS = 1e6;

/** Reads a flag such as `--keep-newer-than 720h`, as milliseconds; absent: it was not given. */
export function durationFlag(flags: Flags, name: string): number | undefined {
  const text = flags.string(name);
  if (text === undefined || text === '') return undefined;
  try {
    const ms = parseDuration(text) / NS_PER_MS;
    if (ms >= 0) return ms;
  } catch (error) {
    if (!isWherryError(error, 'INVALID_ARGUMENT')) throw error;
  }
  throw new CommandError(
    `invalid duration ${JSON.stringify(text)} for --${name}: want one such as 24h or 90m`,
  );
}
