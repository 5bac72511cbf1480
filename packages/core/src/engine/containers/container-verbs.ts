import type { VerbOptions } from '../../events.ts';
import type { ContainerRecord } from '../../runtime/container-record.ts';
import type { ExecSession } from '../../runtime/exec.ts';
import type { LogEntry } from '../../runtime/monitor/log-reader.ts';
import type { OutputSink } from '../../runtime/monitor/monitor.ts';
import type { ProcessTable } from '../../runtime/process-table.ts';
import type { ExtractRequest, FileStat, FileStatRequest } from './archive.ts';
import type { CopyInRequest, CopyOutRequest, FileCopyOptions, FileCopyResult } from './copy-files.ts';
import type { CreateContainerRequest } from './create.ts';
import type { ContainerInspection, DescribeContainerRequest } from './describe.ts';
import type { ContainerChange } from './diff.ts';
import type { ExecIo, ExecRequest } from './exec.ts';
import type { ContainerSession } from './life/session.ts';
import type { ContainerSummary, ListContainersRequest } from './list.ts';
import type { LogsRequest } from './logs.ts';
import type { ContainerActivity, ContainerName } from './names.ts';
import type { PruneContainersRequest, PruneContainersResult } from './prune.ts';
import type { RemoveContainerRequest } from './remove.ts';
import type { RenameRequest } from './rename.ts';
import type { ResizeRequest } from './resize.ts';
import type { RunOptions, RunResult } from './run.ts';
import type { SessionOptions, StartOptions } from './start.ts';
import type { ContainerSample, StatsRequest } from './stats.ts';
import type { StopRequest } from './stop.ts';
import type { TopRequest } from './top.ts';
import type { UpdateRequest } from './update.ts';
import type { ContainerEnd, WaitUntilOptions, WaitUntilRequest } from './wait-until.ts';

export type {
  ContainerMount,
  ContainerOptions,
  DeviceLimit,
  DeviceMapping,
  LogSettings,
  ResourceLimits,
  Ulimit,
  VolumesFrom,
} from '../../runtime/container-options.ts';
export type { ContainerRecord, StandardStream } from '../../runtime/container-record.ts';
export type { ContainerState } from '../../runtime/container-state.ts';
export type { ExecSession } from '../../runtime/exec.ts';
export type { LogEntry } from '../../runtime/monitor/log-reader.ts';
export type { OutputSink } from '../../runtime/monitor/monitor.ts';
export type { TerminalSize } from '../../runtime/monitor/terminal.ts';
export type { ProcessTable } from '../../runtime/process-table.ts';
export type { ChangeableLimits } from '../../runtime/spec/limit-changes.ts';
export type { BlockIoEntry, CpuUsage, ResourceUsage } from '../../runtime/usage/resource-usage.ts';
export type { ExtractRequest, FileStat, FileStatRequest } from './archive.ts';
export type { CopyInRequest, CopyOutRequest, FileCopyOptions, FileCopyResult } from './copy-files.ts';
export type { CreateContainerRequest } from './create.ts';
export type { ContainerInspection, DescribeContainerRequest } from './describe.ts';
export type { ContainerChange } from './diff.ts';
export type { ExecIo, ExecRequest } from './exec.ts';
export type { ContainerSession } from './life/session.ts';
export type { ContainerSizes, ContainerSummary, ListContainersRequest } from './list.ts';
export type { LogsRequest } from './logs.ts';
export type { ContainerActivity, ContainerName } from './names.ts';
export type { PruneContainersRequest, PruneContainersResult } from './prune.ts';
export type { RemoveContainerRequest } from './remove.ts';
export type { RenameRequest } from './rename.ts';
export type { ResizeRequest } from './resize.ts';
export type { RunOptions, RunResult } from './run.ts';
export type { SessionOptions, StartOptions } from './start.ts';
export type { ContainerSample, StatsRequest } from './stats.ts';
export type { StopRequest } from './stop.ts';
export type { TopRequest } from './top.ts';
export type { UpdateRequest } from './update.ts';
export type { ContainerEnd, WaitCondition, WaitUntilOptions, WaitUntilRequest } from './wait-until.ts';

/** Verbs on containers, on Linux alone: elsewhere all of them throw `UNSUPPORTED`. */
export interface ContainerVerbs {
  /** Makes a container of an image that is here. */
  create(request: CreateContainerRequest): Promise<ContainerRecord>;
  /** Makes a container and starts it, in the foreground of this process where there is a sink for its output. */
  run(request: CreateContainerRequest, options?: RunOptions): Promise<RunResult>;
  /** Starts a container in the background; one that runs is left alone. */
  start(container: string, options?: StartOptions): Promise<void>;
  /** Starts a container in the foreground of this process; `undefined`: it runs already. */
  startSession(container: string, options: SessionOptions): Promise<ContainerSession | undefined>;
  /**
   * Starts a container in the background, with those who get what it prints from the first byte on; `undefined`: it
   * runs already.
   */
  startAttended(
    container: string,
    sinks: readonly OutputSink[],
    options?: StartOptions,
  ): Promise<readonly ContainerSession[] | undefined>;
  /** Waits until a container runs no more; tells its exit code. */
  wait(container: string, options?: VerbOptions): Promise<number>;
  /** Waits for what happens to a container, also to one that is still to be started. */
  waitUntil(request: WaitUntilRequest, options?: WaitUntilOptions): Promise<ContainerEnd>;
  stop(request: StopRequest, options?: VerbOptions): Promise<void>;
  /** Sends a signal, `SIGKILL` unless another is given. */
  kill(container: string, signal?: string): Promise<void>;
  /** Halts the processes of a container, until `unpause`. */
  pause(container: string): Promise<void>;
  unpause(container: string): Promise<void>;
  /** Stops a container, if it runs, and starts it in the background. */
  restart(request: StopRequest, options?: VerbOptions): Promise<void>;
  /** Runs one more process in a container that runs. */
  exec(request: ExecRequest, io: ExecIo): Promise<ExecSession>;
  /** The same, and does not wait for it: nobody sees what it prints, or its exit code. */
  execDetached(request: ExecRequest): Promise<void>;
  /** Takes part in a container that runs in the background, or in another process. */
  attach(container: string, options: SessionOptions): Promise<ContainerSession>;
  /** Changes the size of its terminal, if it has one. */
  resize(request: ResizeRequest): Promise<void>;
  /** What a container takes of CPUs, memory and disks: once, or every second. */
  stats(request: StatsRequest, options?: VerbOptions): AsyncIterable<ContainerSample>;
  /** Gives a container other limits. */
  update(request: UpdateRequest): Promise<void>;
  /** The processes of a container, as ps(1) shows them. */
  top(request: TopRequest): Promise<ProcessTable>;
  rename(request: RenameRequest): Promise<void>;
  /** Removes all containers that do not run. */
  prune(request?: PruneContainersRequest, options?: VerbOptions): Promise<PruneContainersResult>;
  remove(request: RemoveContainerRequest): Promise<void>;
  /** What it changed in its files, each directory before what is in it. */
  diff(container: string, options?: VerbOptions): Promise<ContainerChange[]>;
  /** Its root file system as a tar, without what is mounted in it. */
  export(container: string, options?: VerbOptions): AsyncIterable<Uint8Array>;
  /** Files of this machine's, or an archive, to a container, whether it runs or not. */
  copyIn(request: CopyInRequest, options?: FileCopyOptions): Promise<FileCopyResult>;
  /** Files of a container's to this machine. */
  copyOut(request: CopyOutRequest, options?: FileCopyOptions): Promise<FileCopyResult>;
  /** Files of a container's as a tar. */
  copyOutArchive(
    request: Omit<CopyOutRequest, 'target' | 'keepOwners'>,
    options?: VerbOptions,
  ): AsyncIterable<Uint8Array>;
  /** What lies at a path in a container; no link at its end is followed. */
  statFile(request: FileStatRequest, options?: VerbOptions): Promise<FileStat>;
  /** Unpacks a tar into a directory of a container's that is there. */
  extract(request: ExtractRequest, options?: VerbOptions): Promise<void>;
  /** What is kept of a container, with the state that it is in now. */
  inspect(container: string): Promise<ContainerRecord>;
  /** All that Docker's `inspect` tells of a container, in its form. */
  describe(request: DescribeContainerRequest): Promise<ContainerInspection>;
  /** Newest first, in the states that they are in now. */
  list(request?: ListContainersRequest): Promise<ContainerSummary[]>;
  /** Newest first; of one kind, or all. Nothing is tended to on the way. */
  names(activity?: ContainerActivity): Promise<ContainerName[]>;
  logs(request: LogsRequest, options?: VerbOptions): AsyncIterable<readonly LogEntry[]>;
}
