import { familiarName, isWherryError, type LoadRequest, type ProgressEvent } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { CommandError, plain } from '../../errors.ts';
import { chosenFormat } from '../../output/format.ts';
import { LOAD_WORDS, openProgress } from '../../output/progress.ts';
import { LOADED_LISTING } from '../../output/rows/loaded-row.ts';
import { warningsTo } from '../../output/warnings.ts';
import { variantsFlag } from '../platform-flag.ts';

/** `wherry load`: the images of an archive, or of an OCI layout directory. */
export async function run(context: CommandContext): Promise<number> {
  const { flags, io, signal } = context;
  const input = flags.string('input') ?? '';
  if (input === '' && io.stdin.isTTY) throw new CommandError('requested load from stdin, but stdin is empty');
  const platforms = variantsFlag(flags, 'invalid platform: ');
  const request: LoadRequest = { from: input === '' ? io.stdin : input, ...platforms };
  const format = await chosenFormat(flags, LOADED_LISTING);
  const onProgress = format === undefined ? progressOf(context) : warningsTo(io);
  const engine = await context.engine();
  try {
    const loaded = await engine.load(request, { signal, onProgress });
    if (format !== undefined) io.stdout.write(format(loaded));
  } catch (error) {
    // What an archive has wrong is told without a prefix, what the command line has wrong with one.
    throw isWherryError(error, 'INVALID_ARGUMENT') ? error : plain(error);
  }
  return 0;
}

function progressOf({ flags, io }: CommandContext): (event: ProgressEvent) => void {
  const quiet = flags.bool('quiet');
  const display = openProgress(io, LOAD_WORDS);
  return (event) => {
    if (event.kind === 'warning') display.warning(event.message);
    else if (event.kind === 'layer' && !quiet) display.layer(event);
    else if (event.kind === 'image-loaded')
      display.line(
        event.ref === undefined ? `Loaded image ID: ${event.id}` : `Loaded image: ${familiarName(event.ref)}`,
      );
  };
}
