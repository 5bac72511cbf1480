import { humanSize } from '@wherry/core';

export { binarySize, humanSize } from '@wherry/core';

/** Bytes in decimal units with three digits, as lists of images show them. */
export function shortSize(bytes: number): string {
  return humanSize(bytes, 3);
}

/** Go's zero time, 1 January of the year 1: what a document without a date has. */
const ZERO_TIME_MS = -62_135_596_800_000;

export function isZeroTime(date: Date | undefined): date is undefined {
  return date === undefined || date.getTime() <= ZERO_TIME_MS;
}

/** A time as `2021-08-31T01:20:48Z`, in the local time zone, as Docker prints it. RFC 3339. */
export function localRfc3339(date: Date | undefined): string {
  if (isZeroTime(date)) return '0001-01-01T00:00:00Z';
  const offset = -date.getTimezoneOffset();
  const local = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, 19);
  if (offset === 0) return `${local}Z`;
  const two = (n: number) => String(n).padStart(2, '0');
  const minutes = Math.abs(offset);
  return `${local}${offset < 0 ? '-' : '+'}${two(Math.trunc(minutes / 60))}:${two(minutes % 60)}`;
}
