import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { isErrno } from '../../errors.ts';

/**
 * The processes of a container that has no control group to list them, from its first one: all in the same process
 * namespace, or, where that is ours, those that descend from it. Linux pid_namespaces(7).
 */
export function processesFrom(first: number): number[] {
  const namespace = namespaceOf(first, 'pid');
  if (namespace === undefined) return [];
  const all = processIds();
  if (namespace !== namespaceOf(process.pid, 'pid'))
    return all.filter((pid) => namespaceOf(pid, 'pid') === namespace);
  return descendants(first, new Map(all.map((pid) => [pid, parentOf(pid)])));
}

/** All processes that there are now. */
export function processIds(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** A process and all that it, or one of them, started and is still the parent of. Pure. */
export function descendants(first: number, parents: ReadonlyMap<number, number | undefined>): number[] {
  const found = new Set([first]);
  // IDs come again, so a child's may be smaller than its parent's.
  for (let before = 0; before < found.size; ) {
    before = found.size;
    for (const [pid, parent] of parents) if (parent !== undefined && found.has(parent)) found.add(pid);
  }
  return [...found];
}

/** proc(5), `/proc/<pid>/stat` field 4; the name before it may hold any character. `undefined`: it is gone. */
export function parentOf(pid: number): number | undefined {
  const stat = unlessGone(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  return stat === undefined ? undefined : Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

/** The arguments of a process, a NUL after each; empty when it is gone, or not ours to know. */
export function commandLineOf(pid: number): string {
  return unlessGone(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')) ?? '';
}

/** Names a namespace of a process, the same for all in it; `undefined`: it is gone, or not ours to know. */
export function namespaceOf(pid: number, type: 'pid' | 'user'): string | undefined {
  return unlessGone(() => readlinkSync(`/proc/${pid}/ns/${type}`));
}

/** Reads something of a process; `undefined`: the process has ended, or belongs to others. */
export function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH', 'EACCES', 'EPERM')) return undefined;
    throw error;
  }
}
