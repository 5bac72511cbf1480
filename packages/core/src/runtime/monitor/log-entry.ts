import type { LogStream } from './log-writer.ts';

/** One line that a container printed, or a piece of a long one. */
export interface LogEntry {
  readonly stream: LogStream;
  /** RFC 3339 with nanoseconds. */
  readonly time: string;
  /** With the newline, if it has one. */
  readonly text: string;
}

/** Reads a line without its newline; `undefined`: it is no entry. */
export function parseEntry(line: string): LogEntry | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null) return undefined;
    const { log, stream, time } = value as Record<string, unknown>;
    if (typeof log !== 'string' || typeof time !== 'string') return undefined;
    return { text: log, stream: stream === 'stderr' ? 'stderr' : 'stdout', time };
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
