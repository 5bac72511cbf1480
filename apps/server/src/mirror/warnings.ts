import type { Staleness } from '@wherry/core';

const MAX_REASON_LENGTH = 200;
const UNITS = [
  [24 * 60 * 60 * 1000, 'day'],
  [60 * 60 * 1000, 'hour'],
  [60 * 1000, 'minute'],
  [1000, 'second'],
] as const;

/** What clients are to tell their users of an answer that may be out of date. OCI distribution-spec v1.1, "Warnings". */
export function stalenessWarning(upstream: string, { ageMs, error }: Staleness): string {
  const reason = error ? ` (${error.message.slice(0, MAX_REASON_LENGTH)})` : '';
  return warning(`${upstream} is out of reach${reason}: this was true ${ageText(ageMs)} ago`);
}

/** The same of a list of tags. */
export function partialWarning(upstream: string): string {
  return warning(`${upstream} is out of reach: these are the tags that are cached`);
}

/** A span of time in its largest whole unit. */
export function ageText(ms: number): string {
  for (const [size, unit] of UNITS) {
    const count = Math.floor(ms / size);
    if (count > 0) return `${count} ${unit}${count === 1 ? '' : 's'}`;
  }
  return 'a moment';
}

/** RFC 7234, 5.5: a quoted string of visible characters. */
function warning(text: string): string {
  const safe = text.replace(/[^\x20-\x7e]+/g, ' ').replace(/["\\]/g, '\\$&');
  return `299 - "${safe}"`;
}
