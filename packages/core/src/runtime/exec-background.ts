import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { systemClock } from '../clock.ts';
import { type ExecTarget, execEnv, prepareExec } from './exec.ts';
import { needProgram } from './program.ts';
import { readIfThere } from './read-if-there.ts';
import { endText, execError, lastRuntimeError } from './runtime-errors.ts';

const POLL_MS = 20;

/**
 * Stays with a process that has a terminal, which lasts as long as somebody has its other end, and then removes what
 * was made for it. The terminal's input never ends. What was not started leaves its log.
 */
const TERMINAL_SCRIPT = `dir=$1
shift
mkfifo -m 600 "$dir/stdin" && exec <>"$dir/stdin" || exit
"$@"
if [ -e "$dir/pid" ]; then rm -rf "$dir"; fi`;

/**
 * Runs a process in a container that runs, without output and input, and returns when it has started. Throws a
 * failure to start in Docker's words.
 */
export async function execInBackground(target: ExecTarget): Promise<void> {
  const isOnTerminal = target.process.terminal;
  const { command, directory, files } = await prepareExec(target, undefined, { detach: !isOnTerminal });
  let isKept = false;
  try {
    const code = isOnTerminal
      ? await startOnTerminal(directory, command, files.pidFile)
      : await start(command);
    isKept = isOnTerminal && code === undefined;
    if (code === undefined || code === 0) return;
    const said = lastRuntimeError(readIfThere(files.logFile) ?? '');
    throw execError(target.runtime.name, said ?? endText(target.runtime.name, code));
  } finally {
    if (!isKept) await rm(directory, { recursive: true, force: true });
  }
}

/** The exit code of the runtime, which ends when the process has started. */
async function start([program = '', ...args]: readonly string[]): Promise<number> {
  const child = spawn(program, args, { stdio: 'ignore', env: execEnv(), detached: true });
  return await exitCodeOf(child);
}

/** `undefined`: the process runs, or has run. */
async function startOnTerminal(
  directory: string,
  command: readonly string[],
  pidFile: string,
): Promise<number | undefined> {
  needProgram('mkfifo', 'a terminal (-t)');
  const child = spawn('/bin/sh', ['-c', TERMINAL_SCRIPT, 'sh', directory, ...command], {
    stdio: 'ignore',
    env: execEnv(),
    detached: true,
  });
  let code: number | undefined;
  const ended = exitCodeOf(child).then((exitCode) => {
    code = exitCode;
  });
  while (code === undefined) {
    if (readIfThere(pidFile)) {
      child.unref();
      return undefined;
    }
    await Promise.race([ended, systemClock.sleep(POLL_MS)]);
  }
  // The script has removed the directory of what has started, and ended, already.
  return readIfThere(`${directory}/process.json`) === undefined ? undefined : code || 1;
}

async function exitCodeOf(child: ReturnType<typeof spawn>): Promise<number> {
  return await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (exitCode) => resolve(exitCode ?? 1));
  });
}
