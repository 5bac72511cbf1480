import { CommandError } from '../errors.ts';
import { FlagError, type Flags, parseBool } from '../flags.ts';
import type { Io } from '../io.ts';

/** Refuses to go on where the user asks for signed tags, which need a service that wherry does not speak to. */
export function refuseContentTrust(flags: Flags, env: Io['env']): void {
  const isAsked = flags.changed('disable-content-trust')
    ? !flags.bool('disable-content-trust')
    : isTrue(env.DOCKER_CONTENT_TRUST ?? '');
  if (isAsked)
    throw new CommandError(
      'Error: content trust is not offered: pull by digest to be sure of what you get\n' +
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
