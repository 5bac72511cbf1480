import type { CommandContext } from '../../command.ts';
import { CommandError } from '../../errors.ts';
import { formatList } from '../../output/format.ts';
import { TABLE } from '../../output/listing.ts';
import { imageFormat, imageListing, imageRows } from '../../output/rows/image-row.ts';
import { forEachImage } from './for-each-image.ts';

/** `wherry pin`: keeps images from a prune, or lists those that are kept. */
export async function run(context: CommandContext): Promise<number> {
  const { args, engine, flags, io } = context;
  if (args.length > 0) {
    if (flags.changed('format'))
      throw new CommandError("--format can't be used with IMAGE: it is for the list");
    return await forEachImage(context, (opened, image) => opened.pin(image));
  }
  const format = flags.string('format') || TABLE;
  const images = await (await engine()).images({ all: true, pinned: true });
  const rows = images.flatMap((image) => imageRows(image, format, false));
  const listing = imageListing({ digests: false, noTrunc: false, now: io.now() });
  io.stdout.write(await formatList(imageFormat(format, { quiet: false, digests: false }), listing, rows));
  return 0;
}
