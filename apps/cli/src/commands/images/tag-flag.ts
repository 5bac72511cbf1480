import { parseReference, type Reference } from '@wherry/core';
import { plainly } from '../../errors.ts';
import type { Flags } from '../../flags.ts';

/** The name that `--tag` gives to a result. */
export async function tagFlag(flags: Flags): Promise<{ readonly ref?: Reference }> {
  const text = flags.string('tag');
  return text === undefined ? {} : { ref: await plainly(() => parseReference(text)) };
}
