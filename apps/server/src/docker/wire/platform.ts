import { hostPlatform, isWherryError, type Platform, parsePlatform } from '@wherry/core';
import { ApiError } from '../api-error.ts';

const HOST = hostPlatform(process.platform, process.arch);

/**
 * Reads a `platform` parameter: JSON as image endpoints have it, `{"os":"linux","architecture":"arm64"}`, or
 * `linux/arm64`. Throws an `ApiError` for anything else; `undefined` for nothing.
 */
export function readPlatform(text: string): Platform | undefined {
  if (text === '') return undefined;
  if (!text.trimStart().startsWith('{')) return parsePlatform(text, HOST);
  try {
    const { os, architecture, variant } = JSON.parse(text) as Record<string, unknown>;
    if (typeof os === 'string' && typeof architecture === 'string')
      return parsePlatform(
        [os, architecture, ...(typeof variant === 'string' && variant !== '' ? [variant] : [])].join('/'),
        HOST,
      );
  } catch (error) {
    if (!(error instanceof SyntaxError) && !isWherryError(error, 'INVALID_PLATFORM')) throw error;
  }
  throw new ApiError(400, `invalid platform: ${text}`);
}

/** The `platform` parameter as a member of a request, absent where there is none. */
export function platformChoice(text: string): { readonly platform?: Platform } {
  const platform = readPlatform(text);
  return platform ? { platform } : {};
}
