import { parseDuration } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { CommandError, plainly } from '../../errors.ts';
import type { Flags } from '../../flags.ts';
import { servicePlaces } from './service-places.ts';

const NEVER = 'never';
const NS_PER_MS = 1e6;

/** `wherry serve token create`: the token is printed, and only its hash is kept. */
export async function run(context: CommandContext): Promise<number> {
  const { flags, io } = context;
  const allow = flags.list('allow');
  if (allow.length === 0)
    throw new CommandError(
      'a token that may do nothing is of no use: say what with --allow, such as pull:team/*',
    );
  const lifetimeMs = await plainly(() => lifetimeOf(flags));
  const { createToken } = await import('@wherry/server');
  const { tokens } = await servicePlaces(context);
  const name = flags.string('name') ?? '';
  const request = { name, allow, ...(lifetimeMs !== undefined && { lifetimeMs }) };
  const { token } = await plainly(() => createToken(tokens, request, () => io.now().getTime()));
  io.stdout.write(`${token}\n`);
  return 0;
}

function lifetimeOf(flags: Flags): number | undefined {
  const text = flags.string('expires') ?? '';
  if (text === NEVER) return undefined;
  const lifetime = parseDuration(text) / NS_PER_MS;
  if (lifetime <= 0)
    throw new CommandError(`--expires is ${JSON.stringify(text)}, want a duration such as 720h, or never`);
  return lifetime;
}
