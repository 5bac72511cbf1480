/** The process that watches over one container when no `run` in the foreground does. */
import { spawn } from 'node:child_process';
import { containerPaths } from '../container-directory.ts';
import { waitForExit } from '../container-facts.ts';
import type { ContainerPipes } from '../supervisor.ts';
import { JsonFileLog } from './log-writer.ts';
import { ContainerMonitor } from './monitor.ts';
import { MONITOR_PIPES, type MonitorTask } from './monitor-process.ts';

async function main(): Promise<void> {
  const task = JSON.parse(process.argv[2] ?? '{}') as MonitorTask;
  const pipes = inheritedPipes(Number(process.argv[3]));
  const paths = containerPaths(task.directory);
  const log = logOf(task);
  const { attendants = 0 } = task;
  const monitor = await ContainerMonitor.open({
    paths,
    attendants,
    ...(log && { log }),
    ...(pipes && { pipes }),
  });
  await monitor.run();
  await waitForExit(paths);
  const [program, ...args] = task.exitCommand ?? [];
  if (program !== undefined) spawn(program, args, { detached: true, stdio: 'ignore' }).unref();
}

function logOf({ logPath, logMaxBytes, logMaxFiles }: MonitorTask): JsonFileLog | undefined {
  if (logPath === undefined) return undefined;
  return new JsonFileLog(logPath, {
    ...(logMaxBytes !== undefined && { maxBytes: logMaxBytes }),
    ...(logMaxFiles !== undefined && { maxFiles: logMaxFiles }),
  });
}

/** None, output and errors, or these and the input. */
function inheritedPipes(count: number): ContainerPipes | undefined {
  const { stdout, stderr } = MONITOR_PIPES;
  if (count === 0) return undefined;
  return count === 2 ? { stdout, stderr } : MONITOR_PIPES;
}

main().catch(() => {
  // Nobody reads what we would say; whoever needs a monitor finds that there is none, and starts the next.
  process.exitCode = 1;
});
