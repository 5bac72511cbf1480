import type { CommandContext } from '../command.ts';
import { inspectImages } from './inspect-images.ts';

/** `wherry image inspect`. */
export async function run(context: CommandContext): Promise<number> {
  return await inspectImages(context, (name, message) => `Error: no such image: ${name}: ${message}`);
}
