import type { CommandContext } from '../../command.ts';
import { archiveOutput, type OutputWords, writeArchive } from '../archive-output.ts';

const WORDS: OutputWords = {
  failure: 'failed to export container: ',
  missing: (directory) => `stat ${directory}: no such file or directory`,
};

/** `wherry export`: a container's files as an archive, to a file or to standard output. */
export async function run({ args, engine, flags, io, signal }: CommandContext): Promise<number> {
  const [container = ''] = args;
  const output = await archiveOutput(flags.string('output') ?? '', io, WORDS);
  const { containers } = await engine();
  await writeArchive(output, containers.export(container, { signal }), io);
  return 0;
}
