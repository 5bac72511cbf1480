import type { CommandContext } from '../command.ts';
import { forEachImage } from './for-each-image.ts';
import { imageTable } from './images.ts';

/** `wherry pin`: keeps images from a prune, or lists those that are kept. */
export async function run(context: CommandContext): Promise<number> {
  const { args, engine, io } = context;
  if (args.length > 0) return await forEachImage(context, (opened, image) => opened.pin(image));
  io.stdout.write(imageTable(await (await engine()).images({ all: true, pinned: true }), io.now()));
  return 0;
}
