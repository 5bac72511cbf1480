import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { isErrno, parseToml, WherryError } from '@wherry/core';
import type { SettingsSources } from './read-settings.ts';

/** Whole settings files have a few kilobytes. */
const MAX_BYTES = 1 << 20;

/** Where to look for the settings file. */
export interface SettingsFilePlace {
  /** Absent: `WHERRY_SERVE_CONFIG`, else `serve.toml` beside wherry's `config.toml`, which need not exist. */
  readonly path?: string;
  readonly env: SettingsSources['env'];
}

/** Where the settings file is, or would be. */
export function settingsFilePath({ path, env }: SettingsFilePlace): string {
  return path ?? (env.WHERRY_SERVE_CONFIG || join(configHome(env), 'wherry', 'serve.toml'));
}

/**
 * Reads the settings file; absent: there is none. Throws `INVALID_CONFIG` when one that was asked for cannot be
 * read.
 */
export async function readSettingsFile(place: SettingsFilePlace): Promise<SettingsSources['file']> {
  const isAsked = (place.path ?? (place.env.WHERRY_SERVE_CONFIG || undefined)) !== undefined;
  const chosen = settingsFilePath(place);
  try {
    const bytes = await readFile(chosen);
    if (bytes.length > MAX_BYTES)
      throw new WherryError(
        'INVALID_CONFIG',
        `${chosen}: has ${bytes.length} bytes, the limit is ${MAX_BYTES}`,
      );
    return { path: chosen, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch (cause) {
    if (!isAsked && isErrno(cause, 'ENOENT', 'ENOTDIR')) return undefined;
    const reason = reasonOf(cause);
    if (reason === undefined) throw cause;
    throw new WherryError('INVALID_CONFIG', `${chosen}: ${reason}`, { cause });
  }
}

/** The settings file's path if it has the table; absent: it has not, or there is none. Throws `INVALID_CONFIG`. */
export async function settingsFileWith(table: string, place: SettingsFilePlace): Promise<string | undefined> {
  const file = await readSettingsFile(place);
  return file && (await parseToml(file.text, file.path)).table(table) && file.path;
}

/** XDG Base Directory Specification: a path that is not absolute is ignored. */
function configHome(env: SettingsSources['env']): string {
  const set = env.XDG_CONFIG_HOME;
  return set !== undefined && isAbsolute(set) ? set : join(env.HOME || homedir(), '.config');
}

function reasonOf(error: unknown): string | undefined {
  if (isErrno(error, 'ENOENT', 'ENOTDIR')) return 'no such file';
  if (isErrno(error, 'EACCES', 'EPERM')) return 'may not be read';
  if (isErrno(error, 'EISDIR')) return 'is a directory';
  return error instanceof TypeError ? 'is not UTF-8' : undefined;
}
