import { familiarName, type LayerPacking, type ProgressEvent } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { CommandError } from '../../errors.ts';
import { chosenFormat } from '../../output/format.ts';
import { CONVERT_WORDS, openProgress } from '../../output/progress.ts';
import { CONVERTED_LISTING } from '../../output/rows/converted-row.ts';
import { warningsTo } from '../../output/warnings.ts';
import { tagFlag } from './tag-flag.ts';

const PACKINGS: readonly LayerPacking[] = ['gzip', 'zstd', 'none'];
const WANTED = 'gzip, zstd or none';

/** `wherry convert`: the same image with its layers packed in another way. */
export async function run({ args, engine, flags, io, signal }: CommandContext): Promise<number> {
  const [image = ''] = args;
  const level = flags.int('level');
  const request = {
    image,
    compression: readPacking(flags.string('compression')),
    ...(await tagFlag(flags)),
    ...(level === undefined ? {} : { level }),
  };
  const format = await chosenFormat(flags, CONVERTED_LISTING);
  const display = openProgress(io, CONVERT_WORDS);
  const onProgress = (event: ProgressEvent) => {
    if (event.kind === 'layer') display.layer(event);
    else if (event.kind === 'warning') display.warning(event.message);
  };
  const opened = await engine();
  if (format !== undefined) {
    io.stdout.write(format([await opened.convert(request, { signal, onProgress: warningsTo(io) })]));
    return 0;
  }
  const { id, ref, target } = await opened.convert(request, { signal, onProgress });
  display.line(ref ? `Converted image: ${familiarName(ref)}` : `Converted image ID: ${id}`);
  display.line(`Digest: ${target.digest}`);
  return 0;
}

function readPacking(text: string | undefined): LayerPacking {
  if (text === undefined) throw new CommandError(`say how to compress the layers: --compression ${WANTED}`);
  const found = PACKINGS.find((packing) => packing === text);
  if (found) return found;
  throw new CommandError(`invalid compression ${JSON.stringify(text)}: want ${WANTED}`);
}
