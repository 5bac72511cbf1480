import type { CommandContext } from '../../command.ts';
import { formatTable } from '../../output/table.ts';

/** `wherry top`: the processes of a container. */
export async function run({ args, engine, io }: CommandContext): Promise<number> {
  const [container = '', ...psArguments] = args;
  const { containers } = await engine();
  const request = { container, ...(psArguments.length > 0 && { psArguments }) };
  const { titles, processes } = await containers.top(request);
  io.stdout.write(formatTable([titles, ...processes]));
  return 0;
}
