import { DEFAULT_DETACH_KEYS, DetachKeyFilter, parseDetachKeys } from '@wherry/core';
import { ApiError } from '../api-error.ts';

/** What is typed, and what takes it. */
export interface Feed {
  readonly input: AsyncIterable<Uint8Array>;
  /** Typed, these end the feed; none: nothing does. */
  readonly detachKeys: Uint8Array;
  /** `false`: no more is taken. */
  write(chunk: Uint8Array): Promise<boolean>;
}

/** The keys of a terminal's `detachKeys`; others have none. Throws Docker's 400. */
export function detachKeysOf(text: string, tty: boolean): Uint8Array {
  if (!tty) return new Uint8Array();
  try {
    return parseDetachKeys(text || DEFAULT_DETACH_KEYS);
  } catch (error) {
    throw new ApiError(400, (error as Error).message);
  }
}

/** Hands over what is typed until it ends or is taken no more; tells whether the keys to leave by were typed. */
export async function feed({ detachKeys, input, write }: Feed): Promise<'detached' | 'ended'> {
  const filter = new DetachKeyFilter(detachKeys);
  for await (const chunk of input) {
    const typed = filter.push(chunk);
    const isTaken = typed.input.length === 0 || (await write(typed.input));
    if (typed.isDetached) return 'detached';
    if (!isTaken) break;
  }
  return 'ended';
}
