import { familiarName, isWherryError, parseReference, withDefaultTag } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import { CommandError, plainly } from '../../errors.ts';
import { ioWith } from '../../io.ts';
import { platformFlag } from '../platform-flag.ts';
import { asksForContentTrust } from '../registry/content-trust.ts';

const POLICIES = ['always', 'missing', 'never'];
/** What is named by its content needs nobody's word for it. */
const IMAGE_ID = /^(?:sha256:)?[0-9a-f]{64}$/;

/**
 * Does `work`, which needs an image; pulls the image before, or when it is not here, as `--pull` says. What the
 * pull tells goes to standard error: standard output is the container's. With content trust every name is pulled,
 * which verifies what is here already.
 */
export async function withImage<T>(context: CommandContext, work: () => Promise<T>): Promise<T> {
  const policy = pullPolicy(context);
  const { flags } = context;
  const isVerified = verifies(context);
  if (isVerified && policy === 'never')
    throw new CommandError("--pull never can't be used with content trust, which asks the registry");
  if (policy === 'always' || isVerified) await pull(context);
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

/** `--pull`. Throws a `CommandError`. */
export function pullPolicy({ flags }: CommandContext): string {
  const policy = flags.string('pull') ?? 'missing';
  if (POLICIES.includes(policy)) return policy;
  throw new CommandError(`invalid pull option: '${policy}': must be one of "always", "missing" or "never"`);
}

function verifies({ args, flags, io }: CommandContext): boolean {
  return asksForContentTrust(flags, io.env) && !IMAGE_ID.test(args[0] ?? '');
}

async function pull(context: CommandContext): Promise<void> {
  const { args, flags, io } = context;
  const ref = withDefaultTag(await plainly(() => parseReference(args[0] ?? '')));
  const verify = verifies(context);
  const request = { ref, ...platformFlag(flags, io.env), ...(verify && { verify }) };
  const engine = await context.engine();
  if (flags.bool('quiet')) {
    await engine.pull(request, { signal: context.signal });
    return;
  }
  // What talks to registries takes long to load, and mostly the image is here.
  const { pullAloud } = await import('../registry/pull.ts');
  await pullAloud(engine, request, { ...context, io: ioWith(io, { stdout: () => io.stderr }) });
}

function shownName({ args }: CommandContext): string {
  return familiarName(withDefaultTag(parseReference(args[0] ?? '')));
}
