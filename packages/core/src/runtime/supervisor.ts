import { spawn } from 'node:child_process';
import { closeSync, constants, existsSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { systemClock } from '../clock.ts';
import { isErrno, WherryError } from '../errors.ts';
import type { ContainerPaths } from './container-directory.ts';
import { readContainerFacts, writeIdentity } from './container-facts.ts';
import { shellQuoted, terminalCommand } from './monitor/terminal.ts';
import { watchIfPossible } from './monitor/watch-path.ts';
import { identifyProcess } from './process-identity.ts';
import { needProgram, programEnv, runQuietly } from './program.ts';
import { readIfThere } from './read-if-there.ts';
import type { Runtime } from './runtime.ts';
import { lastRuntimeError, startError } from './runtime-errors.ts';

/** How a container's input behaves. */
export type StdinMode =
  /** There is none. */
  | 'none'
  /** It ends when who is attached first ends it. */
  | 'once'
  /** It stays open until the container ends. */
  | 'open';

export interface SuperviseRequest {
  readonly runtime: Runtime;
  readonly id: string;
  readonly paths: ContainerPaths;
  readonly stdin: StdinMode;
  /** A terminal is put between us and the container. */
  readonly tty?: { readonly rows: number; readonly columns: number };
  /** The file of the memory cgroup that counts kills, for a container with a limit. */
  readonly memoryEvents?: string;
}

/** Between looks for the process ID, should the kernel's notice of a change be lost. */
const POLL_MS = 20;
const PIPE_BYTES = 64 << 10;

/**
 * Waits for the runtime's end, then writes the exit code. A shell is a hundredth of what a Node process takes,
 * and it outlives us. A runtime that was killed still knows the container, whose process would go on without
 * anybody: it ends too, and as long as it does not, no end is written. The file is there already, blank, so that its few bytes find their place on a full disk. The
 * shell sets no traps: an ignored signal would be ignored in the container too.
 */
const SCRIPT = `dir=$1 events=$2 state=$3 cleanup=$4
shift 4
"$@"
code=$?
[ -z "$events" ] || cat "$events" >"$dir/memory-events" 2>/dev/null
tries=3
while [ -e "$state" ] && [ $tries -gt 0 ]; do
  eval "$cleanup" >/dev/null 2>&1
  tries=$((tries - 1))
done
[ -e "$state" ] || echo "$code" 1<>"$dir/exit"`;

/**
 * Descriptors of a container's pipes. A pipe lives as long as somebody has it open: held from before the start
 * they keep what a container printed that ended at once.
 */
export interface ContainerPipes {
  readonly stdout: number;
  readonly stderr: number;
  /** For writing; absent: there is no input. */
  readonly stdin?: number;
}

/** A container that runs; the pipes become the caller's. */
export interface StartedContainer {
  readonly pid: number;
  readonly pipes: ContainerPipes;
}

/**
 * Starts the container of a bundle under a small supervisor that outlives us and writes its exit code, and
 * returns once its first process runs. What it prints waits in named pipes for a monitor, and the container is
 * held up when they are full. Throws a failure to start in Docker's words; `details.exitCode` is `run`'s.
 */
export async function startSupervised(request: SuperviseRequest): Promise<StartedContainer> {
  const { paths } = request;
  // A terminal has no end: without input it waits, and a shell in it too.
  const stdin = request.tty ? 'open' : request.stdin;
  await forgetLastRun(request);
  await makePipes(paths, stdin);
  writeFileSync(paths.exit, '\n');
  const { ended, pipes } = spawnSupervisor(request, stdin);
  try {
    const pid = await startedPid(paths, ended);
    if (pid === undefined) throw startFailure(request, pipes.stderr);
    // Of a process that has ended already there is nothing to note, and its exit code says it all.
    const identity = identifyProcess(pid);
    if (identity !== undefined) writeIdentity(paths, identity);
    return { pid, pipes };
  } catch (error) {
    await endSupervised(request, ended);
    closePipes(pipes);
    // As if it had not been tried.
    removeTraces(paths);
    throw error;
  }
}

/** Tells by a process's arguments, a NUL after each, whether it is the supervisor of a container in `directory`. */
export function isSupervisorIn(directory: string, commandLine: string): boolean {
  const [, flag, script, , container = ''] = commandLine.split('\0');
  return flag === '-c' && script === SCRIPT && container.startsWith(`${directory}/`);
}

/** Closes pipes that no monitor takes over. */
export function closePipes(pipes: ContainerPipes): void {
  for (const fd of [pipes.stdout, pipes.stderr, pipes.stdin]) if (fd !== undefined) closeSync(fd);
}

/** Ends what was started and cannot be kept, such as on a disk that is full: nothing runs on that nobody knows of. */
async function endSupervised({ runtime, id }: SuperviseRequest, ended: Promise<void>): Promise<void> {
  let isOver = false;
  const over = ended.finally(() => {
    isOver = true;
  });
  // Until the runtime knows it, there is nothing to end.
  while (!isOver) {
    await Promise.race([over, systemClock.sleep(POLL_MS)]);
    if (!isOver) await runtime.delete(id, { force: true });
  }
}

/** Throws `CONFLICT` for a container that runs. */
async function forgetLastRun({ runtime, id, paths }: SuperviseRequest): Promise<void> {
  const facts = readContainerFacts(paths);
  if (facts.isAlive) throw new WherryError('CONFLICT', `Container ${id} is running`, { details: { id } });
  // It ended and nobody was there: the runtime still thinks that it has it.
  if (existsSync(runtime.statePath(id))) await runtime.delete(id, { force: true });
  removeTraces(paths);
}

function removeTraces(paths: ContainerPaths): void {
  const { pid, process, exit, memoryEvents, runtimeLog, terminal, stdin, stdout, stderr } = paths;
  const traces = [exit, pid, process, memoryEvents, runtimeLog, terminal, stdin, stdout, stderr];
  for (const path of traces) rmSync(path, { force: true });
}

async function makePipes(paths: ContainerPaths, stdin: StdinMode): Promise<void> {
  const names = [paths.stdout, paths.stderr, ...(stdin === 'none' ? [] : [paths.stdin])];
  const code = await runQuietly(needProgram('mkfifo', 'running containers'), ['-m', '600', ...names]);
  if (code === 0) return;
  throw new WherryError('INTERNAL', `${paths.directory}: mkfifo failed with exit code ${code}`);
}

interface Supervisor {
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
  readonly pipes: ContainerPipes;
}

function spawnSupervisor(request: SuperviseRequest, stdin: StdinMode): Supervisor {
  const { paths } = request;
  const passed: number[] = [];
  const kept: number[] = [];
  const open = (list: number[], path: string, flags: number) => {
    const fd = openSync(path, flags);
    list.push(fd);
    return fd;
  };
  const { O_RDONLY, O_WRONLY, O_RDWR, O_NONBLOCK } = constants;
  try {
    const stdout = open(kept, paths.stdout, O_RDONLY | O_NONBLOCK);
    const stderr = open(kept, paths.stderr, O_RDONLY | O_NONBLOCK);
    // Opened for both directions a pipe has a reader as long as it has a writer: no monitor, no SIGPIPE.
    const output = open(passed, paths.stdout, O_RDWR);
    const errors = open(passed, paths.stderr, O_RDWR);
    const hold = stdin === 'none' ? 'ignore' : open(passed, paths.stdin, O_RDWR);
    const input = stdin === 'none' ? 'ignore' : open(passed, paths.stdin, O_RDONLY);
    const writer = stdin === 'none' ? {} : { stdin: open(kept, paths.stdin, O_WRONLY | O_NONBLOCK) };
    const child = spawn('/bin/sh', ['-c', SCRIPT, 'sh', ...scriptArguments(request)], {
      detached: true,
      stdio: [input, output, errors, stdin === 'open' ? hold : 'ignore'],
      env: { ...programEnv(), SHELL: '/bin/sh' },
    });
    child.unref();
    const ended = new Promise<void>((resolve, reject) => {
      child.once('exit', () => resolve());
      child.once('error', reject);
    });
    return { ended, pipes: { stdout, stderr, ...writer } };
  } catch (error) {
    for (const fd of kept) closeSync(fd);
    throw error;
  } finally {
    for (const fd of passed) closeSync(fd);
  }
}

function scriptArguments({ runtime, id, paths, tty, memoryEvents }: SuperviseRequest): readonly string[] {
  const command = runtime.runCommand({
    id,
    bundle: paths.bundle,
    pidFile: paths.pid,
    logFile: paths.runtimeLog,
    ...(memoryEvents !== undefined && { keep: true }),
  });
  return [
    paths.directory,
    memoryEvents ?? '',
    runtime.statePath(id),
    runtime.deleteCommand(id).map(shellQuoted).join(' '),
    ...(tty ? terminalCommand(command, tty, paths.terminal) : command),
  ];
}

/** Waits for the file with the process ID; `undefined`: the supervisor ended without one. */
async function startedPid(paths: ContainerPaths, ended: Promise<void>): Promise<number | undefined> {
  let isOver = false;
  let wake = () => {};
  const watcher = watchIfPossible(paths.directory, () => wake());
  const over = ended.then(() => {
    isOver = true;
    wake();
  });
  try {
    for (;;) {
      const nextEvent = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const wasOver = isOver;
      const pid = readPid(paths.pid);
      if (pid !== undefined || wasOver) return pid;
      const timer = setTimeout(() => wake(), POLL_MS);
      await Promise.race([nextEvent, over.then(() => nextEvent)]);
      clearTimeout(timer);
    }
  } finally {
    watcher?.close();
  }
}

function readPid(path: string): number | undefined {
  const text = readIfThere(path) ?? '';
  return /^\d+\s*$/.test(text) ? Number(text) : undefined;
}

function startFailure({ runtime, paths }: SuperviseRequest, errorsFd: number): WherryError {
  const said = lastRuntimeError(readIfThere(paths.runtimeLog) ?? '') ?? pipedText(errorsFd);
  const code = (readIfThere(paths.exit) ?? '').trim();
  return startError(runtime.name, said || `${runtime.name} ended with exit code ${code || 'unknown'}`);
}

/** Of wrong flags runtimes complain before they have a log. */
function pipedText(fd: number): string {
  const buffer = Buffer.alloc(PIPE_BYTES);
  try {
    return buffer.toString('utf8', 0, readSync(fd, buffer)).trim();
  } catch (error) {
    if (isErrno(error, 'EAGAIN')) return '';
    throw error;
  }
}
