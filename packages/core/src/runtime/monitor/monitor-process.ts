import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { containerPaths } from '../container-directory.ts';
import { programEnv } from '../program.ts';
import { type ContainerPipes, closePipes } from '../supervisor.ts';
import { announceMonitor } from './coming-monitor.ts';

/** What a monitor in a process of its own has to know; handed over as JSON. */
export interface MonitorTask {
  /** The container's directory. */
  readonly directory: string;
  /** Absent: nothing is kept. */
  readonly logPath?: string;
  readonly logMaxBytes?: number;
  readonly logMaxFiles?: number;
  /** So many are about to attach, and are to have the first byte. */
  readonly attendants?: number;
  /** A command line to run when the container has ended, such as one that removes it. */
  readonly exitCommand?: readonly string[];
}

/** There may be many of it, and none is in a hurry: under a flood of output this takes 56 MB instead of 148. */
const NODE_FLAGS = ['--lite-mode', '--max-semi-space-size=1', '--max-old-space-size=32'];

/** The descriptors under which it gets the container's pipes: output, errors, input. */
export const MONITOR_PIPES = { stdout: 3, stderr: 4, stdin: 5 };

/**
 * Starts a monitor that outlives us, and does not wait for it: until it is there, what the container prints
 * waits in the pipes. `pipes` are closed here and held there; absent: it opens them, to take over from a monitor
 * that stopped or was killed. `entry` is the file of `monitor-main`, for bundles that move it.
 */
export function startMonitorProcess(
  task: MonitorTask,
  options: { readonly pipes?: ContainerPipes; readonly entry?: URL } = {},
): void {
  const { pipes } = options;
  const entry = fileURLToPath(options.entry ?? defaultMonitorEntry());
  const inherited = pipes
    ? [pipes.stdout, pipes.stderr, ...(pipes.stdin === undefined ? [] : [pipes.stdin])]
    : [];
  const child = spawn(
    process.execPath,
    [...NODE_FLAGS, entry, JSON.stringify(task), String(inherited.length)],
    {
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore', ...inherited],
      env: programEnv(),
    },
  );
  // It could not be started: the next command that needs one tries again.
  child.on('error', () => undefined);
  if (child.pid !== undefined) announceMonitor(containerPaths(task.directory), child.pid);
  child.unref();
  if (pipes) closePipes(pipes);
}

/** The process's entry point, beside this module. */
export function defaultMonitorEntry(): URL {
  return new URL(
    import.meta.url.endsWith('.ts') ? './monitor-main.ts' : './monitor-main.js',
    import.meta.url,
  );
}
