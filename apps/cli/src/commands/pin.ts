import type { CommandContext } from '../command.ts';
import { formatList } from '../output/format.ts';
import { TABLE } from '../output/listing.ts';
import { imageListing, imageRows } from '../output/rows/image-row.ts';
import { forEachImage } from './for-each-image.ts';

/** `wherry pin`: keeps images from a prune, or lists those that are kept. */
export async function run(context: CommandContext): Promise<number> {
  const { args, engine, io } = context;
  if (args.length > 0) return await forEachImage(context, (opened, image) => opened.pin(image));
  const images = await (await engine()).images({ all: true, pinned: true });
  const rows = images.flatMap((image) => imageRows(image, TABLE, false));
  const listing = imageListing({ digests: false, noTrunc: false, now: io.now() });
  io.stdout.write(await formatList(TABLE, listing, rows));
  return 0;
}
