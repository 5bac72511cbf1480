import { spawn } from 'node:child_process';
import { isErrno } from '../errors.ts';

/** Longest text that is kept of what a program writes to stderr. */
const MAX_MESSAGE_CHARS = 64 * 1024;

export interface ProgramResult {
  /** `undefined`: there is no such program. */
  readonly status: number | null | undefined;
  readonly stderr: string;
}

/** Runs a program to its end, without input; messages come in English. */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<ProgramResult> {
  const child = spawn(program, args, {
    ...options,
    env: { ...process.env, LC_ALL: 'C', ...options.env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(0, MAX_MESSAGE_CHARS);
  });
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      if (isErrno(error, 'ENOENT')) resolve({ status: undefined, stderr: '' });
      else reject(error);
    });
    child.once('close', (status) => resolve({ status, stderr: stderr.trim() }));
  });
}
