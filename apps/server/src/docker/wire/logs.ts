import type { LogEntry, OutputSink } from '@wherry/core';

export interface LogOptions {
  /** A time before each line. */
  readonly timestamps?: boolean;
  /** Room for what a log's options may add to each line, which is nothing here. */
  readonly details?: boolean;
}

/** Hands over the lines of a log, each as one piece. */
export async function writeLogs(
  entries: AsyncIterable<readonly LogEntry[]>,
  sink: OutputSink,
  { details = false, timestamps = false }: LogOptions,
): Promise<void> {
  for await (const batch of entries)
    for (const { stream, text, time } of batch) {
      const before = `${timestamps ? `${time} ` : ''}${details ? ' ' : ''}`;
      await sink(stream, Buffer.from(`${before}${text}`, 'utf8'));
    }
}
