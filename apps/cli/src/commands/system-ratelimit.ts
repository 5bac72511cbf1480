import type { CommandContext } from '../command.ts';
import { formatTable } from '../output/table.ts';
import { serverHost } from './server-name.ts';

/** `wherry system ratelimit`: how many pulls a registry still allows, as it says itself. */
export async function run({ args, engine, io, signal }: CommandContext): Promise<number> {
  const limit = await (await engine()).rateLimit(serverHost(args[0]), { signal });
  const shown = (value: number | string | undefined) => (value === undefined ? '-' : String(value));
  if (limit.limit === undefined && limit.remaining === undefined) {
    io.stdout.write(`${limit.registry} names no limit\n`);
    return 0;
  }
  const window = limit.windowSeconds === undefined ? undefined : `${limit.windowSeconds}s`;
  io.stdout.write(
    formatTable([
      ['REGISTRY', 'LIMIT', 'REMAINING', 'WINDOW', 'SOURCE'],
      [limit.registry, shown(limit.limit), shown(limit.remaining), shown(window), shown(limit.source)],
    ]),
  );
  return 0;
}
