import { hostPlatform, type Platform, type PlatformChoice, parsePlatform } from '@wherry/core';
import { plain } from '../errors.ts';
import type { Flags } from '../flags.ts';
import type { Io } from '../io.ts';

/** What `--platform` asks for, or else `DOCKER_DEFAULT_PLATFORM`. Throws `INVALID_PLATFORM`. */
export function platformFlag(flags: Flags, env: Io['env']): PlatformChoice {
  const text = flags.string('platform') ?? env.DOCKER_DEFAULT_PLATFORM ?? '';
  return text === '' ? {} : { platform: parse(text) };
}

/**
 * Which image of an index `--platform` asks for. As with Docker, whose client reads it, the default platform is of
 * no matter here. Throws a `CommandError` with `before` in front.
 */
export function variantFlag(flags: Flags, before = ''): PlatformChoice {
  const text = flags.string('platform') ?? '';
  return text === '' ? {} : { platform: parsePlainly(text, before) };
}

/** Which images `--platform` asks for, where it takes several. Throws as `variantFlag` does. */
export function variantsFlag(flags: Flags, before = ''): { readonly platforms?: readonly Platform[] } {
  const texts = flags.strings('platform');
  return texts.length === 0 ? {} : { platforms: texts.map((text) => parsePlainly(text, before)) };
}

function parsePlainly(text: string, before: string): Platform {
  try {
    return parse(text);
  } catch (error) {
    throw plain(error, before);
  }
}

function parse(text: string): Platform {
  return parsePlatform(text, hostPlatform(process.platform, process.arch));
}
