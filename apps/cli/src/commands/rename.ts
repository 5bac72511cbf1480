import type { CommandContext } from '../command.ts';

/** `wherry rename`: gives a container another name. */
export async function run({ args, engine }: CommandContext): Promise<number> {
  const [container = '', name = ''] = args;
  await (await engine()).containers.rename({ container, name });
  return 0;
}
