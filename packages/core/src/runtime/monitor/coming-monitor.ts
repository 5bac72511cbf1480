import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { isErrno } from '../../errors.ts';
import type { ContainerPaths } from '../container-directory.ts';

/** A monitor that has not come by then does not come any more, whoever has its process ID. */
const COMING_MS = 30_000;

/**
 * Says that a process is about to watch over a container. A container may end before that: its output then still waits
 * in the pipes, and its log is not complete.
 */
export function announceMonitor({ monitorComing }: ContainerPaths, pid: number): void {
  try {
    writeFileSync(monitorComing, `${pid}\n`);
  } catch (error) {
    // It was removed at once, or its file system is full, which is no reason to keep it from running.
    if (!isErrno(error, 'ENOENT', 'ENOSPC', 'EDQUOT')) throw error;
  }
}

/** The monitor is there, and holds the lock. */
export function endAnnouncement({ monitorComing }: ContainerPaths): void {
  rmSync(monitorComing, { force: true });
}

/** Tells whether a monitor was started that is not there yet. */
export function isMonitorComing({ monitorComing }: ContainerPaths): boolean {
  try {
    const pid = Number(readFileSync(monitorComing, 'utf8'));
    return pid > 0 && Date.now() - statSync(monitorComing).mtimeMs < COMING_MS && process.kill(pid, 0);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ESRCH')) return false;
    // It is somebody else's, who has the number now.
    if (isErrno(error, 'EPERM')) return false;
    throw error;
  }
}
