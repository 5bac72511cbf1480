import { closeSync, constants, existsSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemClock } from '../clock.ts';
import { isErrno, isWherryError, WherryError } from '../errors.ts';
import type { ContainerPaths } from './container-directory.ts';
import { readContainerFacts, writeIdentity } from './container-facts.ts';
import { watchIfPossible } from './monitor/watch-path.ts';
import { commandLineOf, parentOf } from './namespace/host-processes.ts';
import { identifyProcess } from './process-identity.ts';
import { readIfThere } from './read-if-there.ts';
import { endText, lastRuntimeError, startError } from './runtime-errors.ts';
import {
  isSupervisorIn,
  type StdinMode,
  type SuperviseRequest,
  Supervisor,
  supervisorFailed,
} from './supervisor-process.ts';

/** Between looks for the process ID, should the kernel's notice of a change be lost. */
const POLL_MS = 20;
const PIPE_BYTES = 64 << 10;
/** The runtime, and with a terminal the program that makes it and a shell, are between a supervisor and a container. */
const MAX_ANCESTORS = 6;

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

/** The kernel, or mount(8), does not mount the root file system: nothing was started. */
export interface RefusedOverlay {
  readonly refusal: string;
}

/**
 * Starts the container of a bundle under a small supervisor that outlives us and writes its exit code, and
 * returns once its first process runs. What it prints waits in named pipes for a monitor, and the container is
 * held up when they are full. Throws a failure to start in Docker's words; `details.exitCode` is `run`'s.
 */
export async function startSupervised(
  request: SuperviseRequest & { overlay?: never },
): Promise<StartedContainer>;
export async function startSupervised(request: SuperviseRequest): Promise<StartedContainer | RefusedOverlay>;
export async function startSupervised(request: SuperviseRequest): Promise<StartedContainer | RefusedOverlay> {
  const { paths } = request;
  // A terminal has no end: without input it waits, and a shell in it too.
  const stdin = request.tty ? 'open' : request.stdin;
  await forgetLastRun(request);
  writeFileSync(paths.exit, '\n');
  const supervisor = new Supervisor(request, stdin);
  let pipes: ContainerPipes | undefined;
  try {
    const refusal = await supervisor.ready();
    if (refusal !== undefined) {
      removeTraces(paths);
      return { refusal };
    }
    pipes = openPipes(paths, stdin);
    await request.prepare?.(supervisor.seenAt);
    supervisor.go();
    const pid = await startedPid(paths, supervisor.ended);
    if (pid === undefined) throw startFailure(request, pipes.stderr);
    // Of a process that has ended already there is nothing to note, and its exit code says it all.
    const identity = identifyProcess(pid);
    if (identity !== undefined) writeIdentity(paths, identity);
    return { pid, pipes };
  } catch (error) {
    supervisor.dismiss();
    await endSupervised(request, supervisor.ended);
    if (pipes) closePipes(pipes);
    // As if it had not been tried.
    removeTraces(paths);
    // What it held for us, its pipes and what it saw mounted, went with it.
    throw supervisor.wasKilled && !isWherryError(error)
      ? supervisorFailed('it was killed', { cause: error })
      : error;
  }
}

/** The root file system as a container's supervisor sees it; `undefined`: it is not there any more. */
export function seenBySupervisor(paths: ContainerPaths, rootfs: string, pid: number): string | undefined {
  const containers = dirname(paths.directory);
  let ancestor = parentOf(pid);
  for (let depth = 0; ancestor !== undefined && ancestor > 1 && depth < MAX_ANCESTORS; depth++) {
    if (isSupervisorIn(containers, commandLineOf(ancestor))) return `/proc/${ancestor}/root${rootfs}`;
    ancestor = parentOf(ancestor);
  }
  return undefined;
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

/** Our ends of the pipes that the supervisor has made, and holds. */
function openPipes(paths: ContainerPaths, stdin: StdinMode): ContainerPipes {
  const { O_RDONLY, O_WRONLY, O_NONBLOCK } = constants;
  const opened: number[] = [];
  const open = (path: string, flags: number) => {
    const fd = openSync(path, flags | O_NONBLOCK);
    opened.push(fd);
    return fd;
  };
  try {
    return {
      stdout: open(paths.stdout, O_RDONLY),
      stderr: open(paths.stderr, O_RDONLY),
      ...(stdin !== 'none' && { stdin: open(paths.stdin, O_WRONLY) }),
    };
  } catch (error) {
    for (const fd of opened) closeSync(fd);
    throw error;
  }
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
  return startError(runtime.name, said || endText(runtime.name, code === '' ? undefined : Number(code)));
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
