import type { CommandContext } from '../command.ts';
import { formatList } from '../output/format.ts';
import { imageFormat, imageListing, imageRows } from '../output/rows/image-row.ts';
import { imagesFormat } from './images-format.ts';

/** `wherry images`: one row for each name of each image. */
export async function run(context: CommandContext): Promise<number> {
  const { args, engine, flags, io } = context;
  const pattern = args[0];
  const filters = flags.filter('filter');
  const images = await (await engine()).images({
    ...(pattern ? { pattern } : {}),
    ...(flags.bool('all') ? { all: true } : {}),
    ...(filters.length > 0 ? { filters } : {}),
  });
  const [digests, quiet] = [flags.bool('digests'), flags.bool('quiet')];
  const source = await imagesFormat(context);
  const rows = images.flatMap((image) => imageRows(image, source, digests));
  const listing = imageListing({ digests, noTrunc: flags.bool('no-trunc'), now: io.now() });
  io.stdout.write(await formatList(imageFormat(source, { quiet, digests }), listing, rows));
  return 0;
}
