const MINUTE = 60;
const HOUR = 3600;
const HOURS_IN_DAY = 24;
/** Go counts a duration in nanoseconds of 64 bits. */
const MAX_DURATION_SECONDS = Number((1n << 63n) - 1n) / 1e9;

/** A length of time in words, `5 years`. docker/go-units, `HumanDuration`. */
export function humanDuration(seconds: number): string {
  if (seconds < 1 || seconds > MAX_DURATION_SECONDS) return 'Less than a second';
  if (seconds < 2) return '1 second';
  if (seconds < MINUTE) return `${Math.trunc(seconds)} seconds`;
  const minutes = Math.trunc(seconds / MINUTE);
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.trunc(seconds / HOUR + 0.5);
  const days = Math.trunc(hours / HOURS_IN_DAY);
  if (hours === 1) return 'About an hour';
  if (hours < 2 * HOURS_IN_DAY) return `${hours} hours`;
  if (hours < 14 * HOURS_IN_DAY) return `${days} days`;
  if (hours < 60 * HOURS_IN_DAY) return `${Math.trunc(days / 7)} weeks`;
  if (hours < 730 * HOURS_IN_DAY) return `${Math.trunc(days / 30)} months`;
  return `${Math.trunc(Math.trunc(seconds / HOUR) / HOURS_IN_DAY / 365)} years`;
}

/** How long ago `date` was, `5 years ago`. */
export function humanAge(date: Date, now: Date): string {
  const seconds = Math.min((now.getTime() - date.getTime()) / 1000, MAX_DURATION_SECONDS);
  return `${humanDuration(seconds)} ago`;
}
