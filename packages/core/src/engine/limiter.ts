import { throwIfCancelled } from '../errors.ts';

/**
 * Runs `work` on every item, at most `limit` at once, in order of the items. The first failure aborts the
 * signal that the others got; the call settles when all have ended, with that first failure. Throws `CANCELLED`.
 */
export async function forEachLimited<T>(
  items: readonly T[],
  limit: number,
  signal: AbortSignal | undefined,
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failure = new AbortController();
  const combined = signal ? AbortSignal.any([signal, failure.signal]) : failure.signal;
  let next = 0;
  let firstError: { readonly error: unknown } | undefined;
  const lane = async () => {
    for (;;) {
      const item = items[next++];
      if (item === undefined || combined.aborted) return;
      try {
        await work(item, combined);
      } catch (error) {
        firstError ??= { error };
        failure.abort(error);
        return;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(limit, items.length)) }, lane));
  if (firstError) throw firstError.error;
  throwIfCancelled(signal);
}
