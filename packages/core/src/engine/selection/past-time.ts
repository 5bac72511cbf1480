import { WherryError } from '../../errors.ts';

const MS_OF_UNIT: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1e3,
  m: 60e3,
  h: 3600e3,
};
const TERM = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g;
const DURATION = new RegExp(`^([+-]?)((?:${TERM.source})+)$`);
/** Go counts a duration in nanoseconds of 64 bits. */
const MAX_DURATION_MS = 2 ** 63 / 1e6;
/** What a `Date` can hold. */
const MAX_TIME_MS = 8.64e15;

const DATE = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?)?(Z|[+-]\d\d:\d\d)?$/;
const SECONDS = /^\+?(\d+)(?:\.(\d{1,9}))?$/;

/**
 * Reads a point of time as Docker's filters take it: how long before `now` (`1h30m`, Go's notation), a date or
 * an RFC 3339 time, also in part and without a zone (then `now`'s), or seconds since 1970. Throws
 * `INVALID_ARGUMENT`. moby `api/types/time`, `GetTimestamp`.
 */
export function parsePastTime(text: string, now: Date): Date {
  const ms = beforeNow(text, now) ?? dateTime(text, now) ?? unixTime(text);
  if (ms !== undefined && Math.abs(ms) <= MAX_TIME_MS) return new Date(ms);
  throw new WherryError(
    'INVALID_ARGUMENT',
    `failed to parse value as time or duration: ${JSON.stringify(text)}`,
    { hint: 'write a duration such as 24h, or a time such as 2026-01-31T12:00:00Z', details: { time: text } },
  );
}

function beforeNow(text: string, now: Date): number | undefined {
  const [, sign, terms] = DURATION.exec(text) ?? [];
  if (terms === undefined) return undefined;
  let duration = 0;
  for (const [, amount, unit = ''] of terms.matchAll(TERM))
    duration += Number(amount) * (MS_OF_UNIT[unit] ?? Number.NaN);
  if (!(duration < MAX_DURATION_MS)) return undefined;
  // Docker goes on with whole seconds.
  return Math.floor((now.getTime() - (sign === '-' ? -duration : duration)) / 1000) * 1000;
}

function dateTime(text: string, now: Date): number | undefined {
  const match = DATE.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((part) => Number(part ?? 0));
  const utc = new Date(0);
  // Not `Date.UTC`, which takes the year 99 for 1999.
  utc.setUTCFullYear(year, month - 1, day);
  const isCalendarDay = utc.getUTCMonth() === month - 1 && utc.getUTCDate() === day;
  if (!isCalendarDay || hour > 23 || minute > 59 || second > 59) return undefined;
  utc.setUTCHours(hour, minute, second, Math.floor(Number(`0.${match[7] ?? 0}`) * 1000));
  return utc.getTime() - offsetMs(match[8], now);
}

/** East of Greenwich is positive. */
function offsetMs(zone: string | undefined, now: Date): number {
  if (zone === undefined) return -now.getTimezoneOffset() * 60e3;
  if (zone === 'Z') return 0;
  const [hours = 0, minutes = 0] = zone.slice(1).split(':').map(Number);
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60e3;
}

function unixTime(text: string): number | undefined {
  const [, seconds, fraction = '0'] = SECONDS.exec(text) ?? [];
  if (seconds === undefined) return undefined;
  return Number(seconds) * 1000 + Math.floor(Number(`0.${fraction}`) * 1000);
}
