import { readFileSync } from 'node:fs';
import { isErrno } from '../errors.ts';

/**
 * A process that no other one is ever taken for: IDs come again, the same ID with the same start on the same
 * run of the kernel does not.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since the start of the system. proc(5), `/proc/<pid>/stat` field 22. */
  readonly startTicks: number;
  readonly bootId: string;
}

/** `undefined` when there is no such process, or only what is left of one that ended. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const stat = read(`/proc/${pid}/stat`);
  const bootId = read('/proc/sys/kernel/random/boot_id')?.trim();
  if (stat === undefined || bootId === undefined) return undefined;
  // The name stands in parentheses and may hold any character, more of them too.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, startTicks] = [fields[0], Number(fields[19])];
  return state === 'Z' || state === 'X' ? undefined : { pid, startTicks, bootId };
}

/** Tells whether the very process still runs. */
export function isProcessAlive(identity: ProcessIdentity): boolean {
  const now = identifyProcess(identity.pid);
  return now?.startTicks === identity.startTicks && now.bootId === identity.bootId;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH')) return undefined;
    throw error;
  }
}
