import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../errors.ts';
import type { Environment } from './environment.ts';

export interface ImagesFormatOptions {
  readonly env: Environment;
  /** Absent: `$DOCKER_CONFIG`, else `~/.docker`. */
  readonly dockerConfigDir?: string;
}

/**
 * Reads `imagesFormat` of Docker's `config.json`: how a list of images is printed when no format is given.
 * Every such list asks for it, so the file is parsed, and the parser loaded, only if it names the setting.
 * Throws `INVALID_CONFIG` when a file that names it cannot be used.
 */
export async function readImagesFormat({
  env,
  dockerConfigDir,
}: ImagesFormatOptions): Promise<string | undefined> {
  const home = env.HOME || env.USERPROFILE;
  const directory = dockerConfigDir || env.DOCKER_CONFIG || (home && join(home, '.docker'));
  if (!directory) return undefined;
  const path = join(directory, 'config.json');
  const text = readText(path);
  if (!text?.includes('"imagesFormat"')) return undefined;
  const { JsonFields } = await import('./json-fields.ts');
  return JsonFields.parse(text, path).string('imagesFormat');
}

/** What cannot be read has no say in how a list looks; whoever needs the credentials in it will tell. */
function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'EISDIR')) return undefined;
    throw error;
  }
}
