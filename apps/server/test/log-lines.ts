import type { Logger } from '../src/operating/logger.ts';

/** A log that keeps its messages, for tests that look at them. */
export function logTo(lines: string[]): Logger {
  const keep = (message: string) => void lines.push(message);
  return { debug: keep, info: keep, warn: keep, error: keep };
}
