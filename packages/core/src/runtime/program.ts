import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { throwIfCancelled, WherryError } from '../errors.ts';

/** What a program said and how it ended. */
export interface ProgramResult {
  /** 128 and the signal's number for one that was killed, as a shell has it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Of each stream; more is cut off. */
const MAX_OUTPUT_BYTES = 1 << 20;
const SIGKILLED = 137;

/** Where system programs lie that an ordinary user's `PATH` may leave out. */
const SYSTEM_DIRECTORIES = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/**
 * Runs a program to its end, with a short text for input or none, and keeps the beginning of what it says. Throws
 * `CANCELLED`.
 */
export async function runProgram(
  path: string,
  args: readonly string[],
  options: { readonly signal?: AbortSignal | undefined; readonly input?: string } = {},
): Promise<ProgramResult> {
  throwIfCancelled(options.signal);
  const child = spawn(path, args, { stdio: 'pipe', env: programEnv() });
  // A program that ends without reading it says why by its exit code.
  child.stdin.on('error', () => undefined).end(options.input);
  const stop = () => child.kill('SIGKILL');
  options.signal?.addEventListener('abort', stop, { once: true });
  try {
    const [stdout, stderr] = [boundedText(child.stdout), boundedText(child.stderr)];
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (exitCode) => resolve(exitCode ?? SIGKILLED));
    });
    throwIfCancelled(options.signal);
    return { code, stdout: stdout(), stderr: stderr() };
  } finally {
    options.signal?.removeEventListener('abort', stop);
  }
}

/** What programs of the host's get to see of our environment: no secrets of ours reach a container's helpers. */
export function programEnv(): NodeJS.ProcessEnv {
  const { PATH = '', HOME, USER, XDG_RUNTIME_DIR } = process.env;
  return {
    PATH: [...PATH.split(':').filter((directory) => directory !== ''), ...SYSTEM_DIRECTORIES].join(':'),
    ...(HOME !== undefined && { HOME }),
    // By the name runc tells root in a user namespace, who has no right to cgroups, from the real one.
    ...(USER !== undefined && { USER }),
    ...(XDG_RUNTIME_DIR !== undefined && { XDG_RUNTIME_DIR }),
  };
}

/** The full path of the first of `names` that can be run; a path stands for itself. */
export function findProgram(
  names: readonly string[],
  searchPath = programEnv().PATH ?? '',
): string | undefined {
  const directories = searchPath.split(':').filter(isAbsolute);
  return names
    .flatMap((name) => (name.includes('/') ? [name] : directories.map((directory) => join(directory, name))))
    .find(isExecutable);
}

/** As `findProgram` for one that is needed. Throws `UNSUPPORTED`, saying for what. */
export function needProgram(name: string, purpose: string): string {
  const path = findProgram([name]);
  if (path !== undefined) return path;
  throw new WherryError('UNSUPPORTED', `${name} not found in $PATH: ${purpose} needs it`);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function boundedText(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    const kept = chunk.subarray(0, MAX_OUTPUT_BYTES - size);
    size += kept.length;
    if (kept.length > 0) chunks.push(kept);
  });
  return () => Buffer.concat(chunks).toString('utf8');
}
