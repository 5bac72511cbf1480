import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** The directory of the store: `given`, else `WHERRY_ROOT`, else the platform's place for a user's data. */
export function storeRoot(
  given: string | undefined,
  env: Environment,
  platform: string = process.platform,
): string {
  const chosen = given || env.WHERRY_ROOT;
  return chosen ? resolve(chosen) : join(dataDirectory(env, platform), 'wherry');
}

function dataDirectory(env: Environment, platform: string): string {
  const home = env.HOME || homedir();
  if (platform === 'win32') return env.LOCALAPPDATA || join(home, 'AppData', 'Local');
  if (platform === 'darwin') return join(home, 'Library', 'Application Support');
  // XDG Base Directory Specification: a relative path is to be ignored.
  return env.XDG_DATA_HOME?.startsWith('/') ? env.XDG_DATA_HOME : join(home, '.local', 'share');
}
