import type { ProgressEvent } from '@wherry/core';
import type { CommandContext } from '../command.ts';
import { MERGE_WORDS, openProgress } from '../output/progress.ts';
import { tagFlag } from './tag-flag.ts';

/** `wherry squash`: an image whose layers are one. Prints its ID. */
export async function run({ args, engine, flags, io, signal }: CommandContext): Promise<number> {
  const [image = ''] = args;
  const [from, message] = [flags.string('from'), flags.string('message')];
  const request = {
    image,
    ...(await tagFlag(flags)),
    ...(from === undefined ? {} : { from }),
    ...(message === undefined ? {} : { message }),
  };
  const display = openProgress(io, MERGE_WORDS);
  const onProgress = (event: ProgressEvent) => {
    if (event.kind === 'layer') display.layer(event);
  };
  const { id } = await (await engine()).squash(request, { signal, onProgress });
  display.line(id);
  return 0;
}
