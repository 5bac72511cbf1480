import type { CommandContext } from '../../command.ts';
import { formatList } from '../../output/format.ts';
import { TABLE } from '../../output/listing.ts';
import { VOLUME_LISTING, volumeFormat } from '../../output/rows/volume-row.ts';

/** `wherry volume ls`: the volumes of the store, by name. */
export async function run({ engine, flags, io }: CommandContext): Promise<number> {
  const format = volumeFormat(flags.string('format') || TABLE, { quiet: flags.bool('quiet') });
  const { volumes } = await engine();
  io.stdout.write(
    await formatList(format, VOLUME_LISTING, await volumes.list({ filters: flags.filter('filter') })),
  );
  return 0;
}
