import type { BuildCase } from './case.ts';

/** What a build came to. */
export interface Outcome {
  readonly status: number;
  /** What was said of a failure. */
  readonly error: string;
}

/** A case with the place of its context and the name that its image gets. */
export interface PreparedCase {
  readonly each: BuildCase;
  readonly context: string;
  readonly name: string;
}

/** Does something with each, so many at a time. */
export async function inParallel<T>(
  items: readonly T[],
  jobs: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const ahead = [...items].reverse();
  const worker = async () => {
    for (let item = ahead.pop(); item !== undefined; item = ahead.pop()) await work(item);
  };
  await Promise.all(Array.from({ length: jobs }, worker));
}
