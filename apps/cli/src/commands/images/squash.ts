import { type ProgressEvent, withDefaultTag } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { chosenFormat } from '../../output/format.ts';
import { MERGE_WORDS, openProgress } from '../../output/progress.ts';
import { LOADED_LISTING } from '../../output/rows/loaded-row.ts';
import { warningsTo } from '../../output/warnings.ts';
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
  const format = await chosenFormat(flags, LOADED_LISTING);
  const display = openProgress(io, MERGE_WORDS);
  const onProgress = (event: ProgressEvent) => {
    if (event.kind === 'layer') display.layer(event);
  };
  const opened = await engine();
  const { id } = await opened.squash(request, {
    signal,
    onProgress: format === undefined ? onProgress : warningsTo(io),
  });
  const { ref } = request;
  if (format === undefined) display.line(id);
  else io.stdout.write(format([{ id, ...(ref && { ref: withDefaultTag(ref) }) }]));
  return 0;
}
