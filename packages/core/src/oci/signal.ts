import { constants } from 'node:os';
import { WherryError } from '../errors.ts';

/** First and last of those for real-time use, as the C library counts them: signal(7). */
const FIRST_REAL_TIME = 34;
const LAST_SIGNAL = 64;

/** Reads `SIGTERM`, `term`, `RTMIN+3` or `15`. Throws `INVALID_ARGUMENT` in Docker's words. */
export function parseSignal(text: string): number {
  const number = /^\d+$/.test(text) ? Number(text) : numberOf(text.toUpperCase());
  if (number !== undefined && number >= 1 && number <= LAST_SIGNAL) return number;
  throw new WherryError('INVALID_ARGUMENT', `Invalid signal: ${text}`, { details: { signal: text } });
}

function numberOf(name: string): number | undefined {
  const [, end, offset = '0'] = /^(?:SIG)?RT(MIN|MAX)([-+]\d{1,2})?$/.exec(name) ?? [];
  if (end !== undefined) return realTime((end === 'MIN' ? FIRST_REAL_TIME : LAST_SIGNAL) + Number(offset));
  const full = name.startsWith('SIG') ? name : `SIG${name}`;
  const signals: Readonly<Record<string, number>> = constants.signals;
  return Object.hasOwn(signals, full) ? signals[full] : undefined;
}

function realTime(number: number): number | undefined {
  return number >= FIRST_REAL_TIME ? number : undefined;
}
