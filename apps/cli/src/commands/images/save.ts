import type { CommandContext } from '../../command.ts';
import { archiveOutput, type OutputWords, writeArchive } from '../archive-output.ts';
import { variantsFlag } from '../platform-flag.ts';

const WORDS: OutputWords = {
  failure: 'failed to save image: ',
  missing: (directory) => `directory "${directory}" does not exist`,
};

/** `wherry save`: images as an archive, to a file or to standard output. */
export async function run(context: CommandContext): Promise<number> {
  const { args, flags, io, signal } = context;
  const platforms = variantsFlag(flags, 'invalid platform: ');
  const output = await archiveOutput(flags.string('output') ?? '', io, WORDS);
  const engine = await context.engine();
  const since = flags.list('since');
  const request = {
    images: args,
    ...(flags.bool('uncompressed') ? { uncompressed: true } : {}),
    ...(since.length > 0 ? { since } : {}),
    ...platforms,
  };
  await writeArchive(output, engine.save(request, { signal }), io);
  return 0;
}
