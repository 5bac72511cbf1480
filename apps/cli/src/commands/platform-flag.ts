import { hostPlatform, type Platform, parsePlatform } from '@wherry/core';
import type { Flags } from '../flags.ts';
import type { Io } from '../io.ts';

/** What `--platform` asks for, or else `DOCKER_DEFAULT_PLATFORM`. Throws `INVALID_PLATFORM`. */
export function platformFlag(flags: Flags, env: Io['env']): { readonly platform?: Platform } {
  const text = flags.string('platform') ?? env.DOCKER_DEFAULT_PLATFORM ?? '';
  return text === '' ? {} : { platform: parsePlatform(text, hostPlatform(process.platform, process.arch)) };
}
