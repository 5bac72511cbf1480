import { closeSync, constants, openSync, readFileSync, statSync } from 'node:fs';
import { systemClock } from '../clock.ts';
import { isErrno, throwIfCancelled } from '../errors.ts';
import type { ContainerPaths } from './container-directory.ts';
import type { ContainerFacts } from './container-state.ts';
import { identifyProcess, isProcessAlive, type ProcessIdentity } from './process-identity.ts';

const FIRST_WAIT_MS = 5;
const LONGEST_WAIT_MS = 100;

/** Reads what a container's directory and the kernel tell about it. No container's directory: nothing is known. */
export function readContainerFacts(paths: ContainerPaths): ContainerFacts {
  const identity = readIdentity(paths);
  const pid = readTimed(paths.pid);
  // In this order an end that comes meanwhile is never taken for a disappearance.
  const isRunning = identity !== undefined && isProcessAlive(identity);
  const isSupervised = isRunning || (pid !== undefined && hasReader(paths.stdout));
  const exit = readTimed(paths.exit);
  const events = exit && readTimed(paths.memoryEvents);
  return {
    ...(pid && { startedAt: pid.at }),
    ...(identity && { pid: identity.pid }),
    isAlive: isSupervised && !exit,
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

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await systemClock.sleep(ms, signal);
  } catch (error) {
    throwIfCancelled(signal);
    throw error;
  }
}

function readIdentity(paths: ContainerPaths): ProcessIdentity | undefined {
  const recorded = readTimed(paths.process);
  if (recorded) return JSON.parse(recorded.text) as ProcessIdentity;
  // Whoever started it was killed before the note was written: a moment ago, or never to come.
  const pid = readTimed(paths.pid);
  return pid && identifyProcess(Number(pid.text));
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
