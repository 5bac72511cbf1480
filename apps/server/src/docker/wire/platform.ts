import { hostPlatform, type Platform, parsePlatform } from '@wherry/core';

/** The `platform` of a request; what it leaves out is this machine's. Throws `INVALID_PLATFORM`. */
export function platformOf(text: string): Platform | undefined {
  return text === '' ? undefined : parsePlatform(text, hostPlatform(process.platform, process.arch));
}
