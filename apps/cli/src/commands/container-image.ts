import { familiarName, isWherryError, parseReference, withDefaultTag } from '@wherry/core';
import type { CommandContext } from '../command.ts';
import { CommandError, plainly } from '../errors.ts';
import { platformFlag } from './platform-flag.ts';
import { pullAloud } from './pull.ts';

const POLICIES = ['always', 'missing', 'never'];

/**
 * Does `work`, which needs an image; pulls the image before, or when it is not here, as `--pull` says. What the
 * pull tells goes to standard error: standard output is the container's.
 */
export async function withImage<T>(context: CommandContext, work: () => Promise<T>): Promise<T> {
  const { flags } = context;
  const policy = flags.string('pull') ?? 'missing';
  if (!POLICIES.includes(policy))
    throw new CommandError(`invalid pull option: '${policy}': must be one of "always", "missing" or "never"`);
  if (policy === 'always') await pull(context);
  try {
    return await work();
  } catch (error) {
    const isMissing = isWherryError(error, 'IMAGE_UNKNOWN', 'PLATFORM_UNKNOWN');
    if (!isMissing || policy !== 'missing') throw error;
    if (!flags.bool('quiet'))
      context.io.stderr.write(`Unable to find image '${shownName(context)}' locally\n`);
    await pull(context);
    return await work();
  }
}

async function pull(context: CommandContext): Promise<void> {
  const { args, flags, io } = context;
  const ref = withDefaultTag(await plainly(() => parseReference(args[0] ?? '')));
  const request = { ref, ...platformFlag(flags, io.env) };
  const engine = await context.engine();
  if (flags.bool('quiet')) {
    await engine.pull(request, { signal: context.signal });
    return;
  }
  await pullAloud(engine, request, { ...context, io: toStandardError(io) });
}

function shownName({ args }: CommandContext): string {
  return familiarName(withDefaultTag(parseReference(args[0] ?? '')));
}

/** The same streams, with what is printed on standard error. */
function toStandardError(io: CommandContext['io']): CommandContext['io'] {
  return {
    env: io.env,
    now: () => io.now(),
    get stdin() {
      return io.stdin;
    },
    get stdout() {
      return io.stderr;
    },
    get stderr() {
      return io.stderr;
    },
  };
}
