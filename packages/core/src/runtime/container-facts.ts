import {
  closeSync,
  constants,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { systemClock } from '../clock.ts';
import { isErrno, throwIfCancelled } from '../errors.ts';
import type { ContainerPaths } from './container-directory.ts';
import type { ContainerFacts } from './container-state.ts';
import { identifyProcess, isProcessAlive, type ProcessIdentity } from './process-identity.ts';

const FIRST_WAIT_MS = 5;
const LONGEST_WAIT_MS = 100;

/** Reads what a container's directory and the kernel tell about it. No container's directory: nothing is known. */
export function readContainerFacts(paths: ContainerPaths): ContainerFacts {
  const pid = readTimed(paths.pid);
  const identity = readIdentity(paths, pid?.text);
  // In this order an end that comes meanwhile is never taken for a disappearance.
  const isRunning = identity !== undefined && isProcessAlive(identity);
  const isAttended = isRunning || (pid !== undefined && isSupervised(paths));
  const exit = readTimed(paths.exit);
  const events = exit && readTimed(paths.memoryEvents);
  return {
    ...(pid && { startedAt: pid.at }),
    ...(identity && { pid: identity.pid }),
    isAlive: isAttended && !exit,
    ...(exit && { exit: { code: Number(exit.text), at: exit.at } }),
    oomKilled: events !== undefined && hasOomKill(events.text),
  };
}

/**
 * Waits until a container that was started has ended, whoever watches over it, and says what is known then.
 * Throws `CANCELLED`.
 */
export async function waitForExit(paths: ContainerPaths, signal?: AbortSignal): Promise<ContainerFacts> {
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    throwIfCancelled(signal);
    const facts = readContainerFacts(paths);
    if (!facts.isAlive) return facts;
    await pause(waitMs, signal);
  }
}

/**
 * Between the end of a container's process and the note of its exit code the supervisor still has the pipes
 * open, for long if nobody takes what the container printed last. A pipe without a reader can't be opened for
 * writing.
 */
function hasReader(pipe: string): boolean {
  try {
    closeSync(openSync(pipe, constants.O_WRONLY | constants.O_NONBLOCK));
    return true;
  } catch (error) {
    if (isErrno(error, 'ENXIO', 'ENOENT')) return false;
    throw error;
  }
}

/**
 * Tells whether a runtime is at work on a container that has no process yet. Whoever holds the container's lock and
 * sees this comes after somebody who was killed in the middle of a start.
 */
export function isStarting(paths: ContainerPaths): boolean {
  return isSupervised(paths) && !readTimed(paths.pid) && !readTimed(paths.exit);
}

/**
 * Tells whether a runtime or its supervisor is there for a container. Should both have been killed, its process goes
 * on without an output.
 */
export function isSupervised(paths: ContainerPaths): boolean {
  return hasReader(paths.stdout);
}

/** Notes who the process of a running container is, should who started it have been killed before. */
export function noteIdentity(paths: ContainerPaths): void {
  if (existsSync(paths.process)) return;
  const identity = readContainerFacts(paths).isAlive && identifyProcess(Number(readTimed(paths.pid)?.text));
  if (identity) writeIdentity(paths, identity);
}

export function writeIdentity(paths: ContainerPaths, identity: ProcessIdentity): void {
  writeFileSync(`${paths.process}.new`, JSON.stringify(identity));
  renameSync(`${paths.process}.new`, paths.process);
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await systemClock.sleep(ms, signal);
  } catch (error) {
    throwIfCancelled(signal);
    throw error;
  }
}

function readIdentity(paths: ContainerPaths, pid: string | undefined): ProcessIdentity | undefined {
  const recorded = readTimed(paths.process);
  if (recorded) return JSON.parse(recorded.text) as ProcessIdentity;
  // Whoever started it was killed before the note was written: a moment ago, or never to come. Without it only the
  // pipe tells that the process is not another one, which got the same ID after a restart of the machine.
  return pid !== undefined && isSupervised(paths) ? identifyProcess(Number(pid)) : undefined;
}

/** cgroup v2 `memory.events` and v1 `memory.oom_control` have the same line. */
function hasOomKill(text: string): boolean {
  return /^oom_kill [1-9]/m.test(text);
}

function readTimed(path: string): { text: string; at: Date } | undefined {
  try {
    const [text, { mtime }] = [readFileSync(path, 'utf8'), statSync(path)];
    // Some runtimes make the file first and fill it then.
    return text.trim() === '' ? undefined : { text: text.trim(), at: mtime };
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
