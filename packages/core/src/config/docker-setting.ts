import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../errors.ts';
import type { Environment } from './environment.ts';
import type { JsonFields } from './json-fields.ts';

/** Where Docker's `config.json` is. */
export interface DockerSettingOptions {
  readonly env: Environment;
  /** Absent: `$DOCKER_CONFIG`, else `~/.docker`. */
  readonly dockerConfigDir?: string;
}

/**
 * Reads `config.json` for the sake of one key; `undefined` when the file has no such key. Commands that start
 * often ask for it, so the file is parsed, and the parser loaded, only if it names the key. Throws
 * `INVALID_CONFIG` when a file that names it cannot be used.
 */
export async function readDockerSetting(
  { env, dockerConfigDir }: DockerSettingOptions,
  key: string,
): Promise<JsonFields | undefined> {
  const home = env.HOME || env.USERPROFILE;
  const directory = dockerConfigDir || env.DOCKER_CONFIG || (home && join(home, '.docker'));
  if (!directory) return undefined;
  const path = join(directory, 'config.json');
  const text = readText(path);
  if (!text?.includes(JSON.stringify(key))) return undefined;
  const { JsonFields } = await import('./json-fields.ts');
  return JsonFields.parse(text, path);
}

/** What cannot be read has no say in such a thing; whoever needs the credentials in it will tell. */
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'EISDIR')) return undefined;
    throw error;
  }
}
