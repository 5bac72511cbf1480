import type { CommandContext } from '../../command.ts';
import { forEachImage } from './for-each-image.ts';

/** `wherry unpin`: undoes `wherry pin`. */
export async function run(context: CommandContext): Promise<number> {
  return await forEachImage(context, (engine, image) => engine.unpin(image));
}
