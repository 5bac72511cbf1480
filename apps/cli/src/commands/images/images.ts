import type { ImagesRequest } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { CommandError } from '../../errors.ts';
import type { Flags } from '../../flags.ts';
import { formatList } from '../../output/format.ts';
import {
  type ImageSize,
  imageFormat,
  imageListing,
  imageRows,
  isImageSize,
} from '../../output/rows/image-row.ts';
import { imagesFormat } from './images-format.ts';

/** `wherry images`: one row for each name of each image. */
export async function run(context: CommandContext): Promise<number> {
  const { engine, flags, io } = context;
  const request = requestOf(context);
  if (flags.bool('tree')) {
    const { printImageTree } = await import('./images-tree.ts');
    await printImageTree(context, request);
    return 0;
  }
  const size = sizeFlag(flags);
  const images = await (await engine()).images({ ...request, ...(size && { sizes: true }) });
  const [digests, quiet] = [flags.bool('digests'), flags.bool('quiet')];
  const source = await imagesFormat(context);
  const rows = images.flatMap((image) => imageRows(image, source, digests));
  const listing = imageListing({ digests, noTrunc: flags.bool('no-trunc'), size, now: io.now() });
  io.stdout.write(await formatList(imageFormat(source, { quiet, digests }), listing, rows));
  return 0;
}

function requestOf({ args, flags }: CommandContext): ImagesRequest {
  const pattern = args[0];
  const filters = flags.filter('filter');
  return {
    ...(pattern ? { pattern } : {}),
    ...(flags.bool('all') ? { all: true } : {}),
    ...(filters.length > 0 ? { filters } : {}),
  };
}

function sizeFlag(flags: Flags): ImageSize | undefined {
  const text = flags.string('size');
  if (text === undefined || isImageSize(text)) return text;
  throw new CommandError(`--size is ${JSON.stringify(text)}, want transfer, disk or unique`);
}
