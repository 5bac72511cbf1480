import { readFileSync, statSync } from 'node:fs';
import { systemClock } from '../clock.ts';
import { isErrno, throwIfCancelled } from '../errors.ts';
import type { ContainerPaths } from './container-directory.ts';
import type { ContainerFacts } from './container-state.ts';
import { identifyProcess, isProcessAlive, type ProcessIdentity } from './process-identity.ts';

const FIRST_WAIT_MS = 5;
const LONGEST_WAIT_MS = 100;

/** Reads what a container's directory and the kernel tell about it. No container's directory: nothing is known. */
export function readContainerFacts(paths: ContainerPaths): ContainerFacts {
  // The exit file comes after the process: seen in this order, an end is never taken for a disappearance.
  const identity = readIdentity(paths);
  const isAlive = identity !== undefined && isProcessAlive(identity);
  const exit = readTimed(paths.exit);
  const pid = readTimed(paths.pid);
  const events = exit && readTimed(paths.memoryEvents);
  return {
    ...(pid && { startedAt: pid.at }),
    ...(identity && { pid: identity.pid }),
    isAlive,
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
    if (facts.exit) return facts;
    if (!facts.isAlive) {
      // Between the end of the process and the file lies the runtime's clean-up.
      const later = await readAfterCleanUp(paths, signal);
      if (!later.isAlive) return later;
    }
    await pause(waitMs, signal);
  }
}

const CLEAN_UP_MS = 2000;

async function readAfterCleanUp(
  paths: ContainerPaths,
  signal: AbortSignal | undefined,
): Promise<ContainerFacts> {
  for (let waited = 0; ; waited += LONGEST_WAIT_MS) {
    const facts = readContainerFacts(paths);
    if (facts.exit || facts.isAlive || waited >= CLEAN_UP_MS) return facts;
    await pause(LONGEST_WAIT_MS, signal);
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
