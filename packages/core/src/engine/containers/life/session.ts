import { readContainerFacts, waitForExit } from '../../../runtime/container-facts.ts';
import type { ContainerRecord } from '../../../runtime/container-record.ts';
import type { ContainerFacts } from '../../../runtime/container-state.ts';
import { JsonFileLog } from '../../../runtime/monitor/log-writer.ts';
import { ContainerMonitor, type OutputSink } from '../../../runtime/monitor/monitor.ts';
import type { TerminalSize } from '../../../runtime/monitor/terminal.ts';
import type { StartedContainer } from '../../../runtime/supervisor.ts';
import { supervisorFailed } from '../../../runtime/supervisor-process.ts';
import type { ContainerDeps } from '../container-deps.ts';
import { containerPlaces } from '../container-places.ts';
import { settle, startMonitor } from './settle.ts';

/** A container that runs in the foreground: this process takes its output and gives it its input. */
export interface ContainerSession {
  readonly id: string;
  /**
   * Resolves when the container has ended and its output is out; `undefined`: it was detached from. Rejects with
   * `INTERNAL` where its supervisor was killed, and nobody knows the exit code.
   */
  readonly exitCode: Promise<number | undefined>;
  /** `false`: the container takes no input any more. */
  write(chunk: Uint8Array): Promise<boolean>;
  endStdin(): void;
  /** Changes the size of the container's terminal; without one nothing happens. */
  resize(size: TerminalSize): Promise<void>;
  /** Leaves the container to a process in the background. */
  detach(): void;
}

/** Docker's code for a container that ended while nobody watched. */
const UNWATCHED = 255;

/** Watches over a container that has just been started, until it ends. */
export async function openSession(
  deps: ContainerDeps,
  { id, options }: ContainerRecord,
  { pipes }: StartedContainer,
  sink: OutputSink,
): Promise<ContainerSession> {
  const { paths, log: path } = containerPlaces(deps.store.root, id);
  const log = options.log?.driver === 'none' ? undefined : new JsonFileLog(path, options.log);
  let atEnd: ContainerFacts | undefined;
  const onEnd = () => {
    atEnd = readContainerFacts(paths);
  };
  const monitor = await ContainerMonitor.open({ paths, ...(log && { log }), pipes, sink, onEnd });
  let isDetached = false;
  const watch = async () => {
    await monitor.run();
    if (isDetached && readContainerFacts(paths).isAlive) {
      startMonitor(deps, id);
      return undefined;
    }
    const exit = atEnd?.exit ?? (await waitForExit(paths)).exit;
    await settle(deps, id);
    if (exit === undefined) throw supervisorFailed('it was killed', { exitCode: UNWATCHED });
    return exit.code;
  };
  return {
    id,
    exitCode: watch(),
    write: (chunk) => monitor.writeStdin(chunk),
    endStdin: () => monitor.endStdin(),
    resize: (size) => monitor.resize(size),
    detach: () => {
      isDetached = true;
      monitor.stop();
    },
  };
}
