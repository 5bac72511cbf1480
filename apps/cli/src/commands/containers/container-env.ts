import { readFile } from 'node:fs/promises';
import { CommandError, fileError } from '../../errors.ts';
import type { Flags } from '../../flags.ts';
import type { Io } from '../../io.ts';

type Env = Io['env'];

/**
 * `--env-file` and `--env`, in the order that later ones win, after `defaults`. Throws `CommandError` in Docker's
 * words.
 */
export async function environmentOf(
  flags: Flags,
  env: Env,
  defaults: Readonly<Record<string, string>> = {},
): Promise<{ readonly env?: readonly string[] }> {
  const entries = Object.entries(defaults).map(([name, value]) => `${name}=${value}`);
  for (const path of flags.list('env-file')) entries.push(...readEnvFile(path, await textOf(path), env));
  for (const text of flags.list('env')) entries.push(...entryOf(text, env));
  return entries.length > 0 ? { env: entries } : {};
}

/**
 * The variables of a file, one a line; comments begin with `#`. A name alone stands for the variable of ours, if
 * there is one. docker/cli, `opts.ParseEnvFile`.
 */
export function readEnvFile(path: string, text: string, env: Env): string[] {
  const lines = text.replace(/^\uFEFF/, '').split('\n');
  return lines.flatMap((raw, index) => {
    const line = raw.replace(/^\s+/, '').replace(/\r$/, '');
    if (line === '' || line.startsWith('#')) return [];
    const name = line.split('=', 1)[0] ?? '';
    if (name === '') throw new CommandError(`invalid env file (${path}): no variable name on line '${line}'`);
    if (/\s/.test(name))
      throw new CommandError(`invalid env file (${path}): variable '${name}' contains whitespaces`);
    if (line.includes('\0'))
      throw new CommandError(`invalid env file (${path}): line ${index + 1} has a zero byte`);
    return entryOf(line, env);
  });
}

/** `NAME=value`; a name alone takes the value from here, or takes the variable away. */
function entryOf(text: string, env: Env): string[] {
  if (text === '' || text.startsWith('=')) throw new CommandError(`invalid environment variable: ${text}`);
  if (text.includes('=')) return [text];
  const value = env[text];
  return [value === undefined ? text : `${text}=${value}`];
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw fileError(error, 'open', path);
  }
}
