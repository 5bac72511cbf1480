import { WherryError } from '@wherry/core';

/** The newest version of the Engine API whose shapes are answered. */
export const API_VERSION = '1.51';
/** The oldest version that clients may ask for. */
export const MIN_API_VERSION = '1.24';

/** A version of the Engine API, such as 1.41, as something that compares. */
export interface ApiVersion {
  readonly text: string;
  readonly minor: number;
}

const NEWEST: ApiVersion = { text: API_VERSION, minor: minorOf(API_VERSION) };
const PREFIX = /^\/v(\d+)\.(\d+)(?=\/|$)/;

/** Splits `/v1.41/images/json` into its version and the rest; without a version the newest is meant. */
export function splitVersion(path: string): { readonly version: ApiVersion; readonly path: string } {
  const match = PREFIX.exec(path);
  if (!match) return { version: NEWEST, path };
  const [prefix, major, minor] = match;
  return {
    version: { text: `${major}.${minor}`, minor: minorOf(`${major}.${minor}`) },
    path: path.slice(prefix.length),
  };
}

/** Throws `INVALID_ARGUMENT`, with the engine's words, for a version outside what is spoken. */
export function requireVersion({ text, minor }: ApiVersion): void {
  if (minor < minorOf(MIN_API_VERSION))
    throw new WherryError(
      'INVALID_ARGUMENT',
      `client version ${text} is too old. Minimum supported API version is ${MIN_API_VERSION}, please upgrade your client to a newer version`,
    );
  if (minor > minorOf(API_VERSION))
    throw new WherryError(
      'INVALID_ARGUMENT',
      `client version ${text} is too new. Maximum supported API version is ${API_VERSION}`,
    );
}

/** Versions of another major part are older or newer than all of ours. */
function minorOf(text: string): number {
  const [major = 0, minor = 0] = text.split('.').map(Number);
  return (major - 1) * 10_000 + minor;
}
