import { CommandError } from '../../errors.ts';
import { FlagError, type Flags, parseBool } from '../../flags.ts';
import type { Io } from '../../io.ts';

/** Tells whether the user asks for content trust: the flag counts, without one the environment. */
export function asksForContentTrust(flags: Flags, env: Io['env']): boolean {
  return flags.changed('disable-content-trust')
    ? !flags.bool('disable-content-trust')
    : isTrue(env.DOCKER_CONTENT_TRUST ?? '');
}

/** Refuses to go on where the user asks for a push that signs. */
export function refuseSigning(flags: Flags, env: Io['env']): void {
  if (asksForContentTrust(flags, env))
    throw new CommandError(
      'Error: signing is not offered: push the image, then sign it with cosign\n' +
        'Leave out --disable-content-trust=false and unset DOCKER_CONTENT_TRUST.',
    );
}

function isTrue(text: string): boolean {
  try {
    return parseBool(text);
  } catch (error) {
    if (error instanceof FlagError) return false;
    throw error;
  }
}
