import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isWherryError, WherryError } from '../../errors.ts';
import type { ContainerRecord } from '../../runtime/container-record.ts';
import { type ExecSession, type ExecTarget, execInContainer, execProcess } from '../../runtime/exec.ts';
import { execInBackground } from '../../runtime/exec-background.ts';
import type { OutputSink } from '../../runtime/monitor/monitor.ts';
import type { TerminalSize } from '../../runtime/monitor/terminal.ts';
import { readHostFacts } from '../../runtime/spec/host-facts.ts';
import { mergeEnv } from '../../runtime/spec/process-spec.ts';
import type { RuntimeSpec, SpecProcess } from '../../runtime/spec/runtime-spec.ts';
import { type ContainerUser, resolveUser, specUser } from '../../runtime/spec/user.ts';
import type { ContainerDeps } from './container-deps.ts';
import { type ContainerPlaces, containerPlaces } from './container-places.ts';
import { requireContainer } from './container-records.ts';
import { runningRootfs } from './files/running-rootfs.ts';
import { resumeAbandoned } from './life/pauser.ts';
import { currentRecord } from './life/settle.ts';

export interface ExecRequest {
  readonly container: string;
  /** The program, and what it is given. */
  readonly command: readonly string[];
  /** `NAME=value`; a name alone takes the variable away. */
  readonly env?: readonly string[];
  /** As for a container; absent: the container's. */
  readonly user?: string;
  readonly workingDir?: string;
  readonly tty?: boolean;
  /** Gives it all capabilities that there are. */
  readonly privileged?: boolean;
}

export interface ExecIo {
  /** Takes what the process prints; the next chunk comes when it is done with this one. */
  readonly sink: OutputSink;
  /** Absent: the process has no input. */
  readonly stdin?: AsyncIterable<Uint8Array>;
  /** Of the process's terminal. */
  readonly size?: TerminalSize;
}

/** A process that cannot be started. */
const CANNOT_INVOKE = 126;

/**
 * Runs one more process in a container that runs. Throws `CONTAINER_UNKNOWN`, `CONFLICT` when it does not run; it,
 * or the session, what hinders the process in Docker's words, with `exec`'s exit code in `details.exitCode`.
 */
export async function execContainer(
  deps: ContainerDeps,
  request: ExecRequest,
  io: ExecIo,
): Promise<ExecSession> {
  return await execInContainer({
    ...(await targetOf(deps, request)),
    sink: io.sink,
    ...(io.stdin && { stdin: io.stdin }),
    ...(io.size && { size: io.size }),
  });
}

/** As `execContainer` in the background: returns when the process has started, and throws what hinders that. */
export async function execDetached(deps: ContainerDeps, request: ExecRequest): Promise<void> {
  await execInBackground(await targetOf(deps, request));
}

async function targetOf(deps: ContainerDeps, request: ExecRequest): Promise<ExecTarget> {
  const record = currentRecord(deps, requireContainer(deps.store.metadata, request.container));
  requireRunning(record, request.container);
  await resumeAbandoned(deps, record);
  const places = containerPlaces(deps.store.root, record.id);
  const { pid } = record.state;
  const rootfs = runningRootfs(places, pid) ?? `/proc/${pid}/root`;
  const process = processOf(await containerProcess(places), rootfs, request);
  return { runtime: deps.runtime(), id: record.id, paths: places.paths, process };
}

function requireRunning({ id, state: { status } }: ContainerRecord, name: string): void {
  if (status === 'running') return;
  const text =
    status === 'paused'
      ? `Container ${name} is paused, unpause the container before exec`
      : `Container ${id} is not running`;
  throw new WherryError('CONFLICT', text, { details: { id, status } });
}

/** The container's own process, as it was started. */
async function containerProcess({ paths }: ContainerPlaces): Promise<SpecProcess> {
  const spec = JSON.parse(await readFile(join(paths.bundle, 'config.json'), 'utf8')) as RuntimeSpec;
  return spec.process;
}

function processOf(own: SpecProcess, rootfs: string, request: ExecRequest): SpecProcess {
  const { command, env = [], privileged = false, tty = false, user, workingDir } = request;
  const terminal = tty ? ['TERM=xterm'] : [];
  const changes = {
    args: command,
    env: mergeEnv(own.env, [...terminal, ...env]),
    terminal: tty,
    ...(workingDir && { cwd: workingDir }),
  };
  const bounding = privileged ? readHostFacts().capabilities : own.capabilities.bounding;
  const all = { bounding, effective: bounding, permitted: bounding };
  if (!user) return execProcess(own, { ...changes, ...(privileged && { capabilities: all }) });
  const resolved = knownUser(rootfs, user);
  return execProcess(own, {
    ...changes,
    env: mergeEnv(mergeEnv(own.env, [`HOME=${resolved.home}`]), [...terminal, ...env]),
    user: specUser(resolved, readHostFacts()),
    capabilities: resolved.uid === 0 || privileged ? all : { bounding },
  });
}

function knownUser(rootfs: string, user: string): ContainerUser {
  try {
    return resolveUser(rootfs, user);
  } catch (cause) {
    if (!isWherryError(cause)) throw cause;
    const details = { ...cause.details, exitCode: CANNOT_INVOKE };
    throw new WherryError(cause.code, cause.message, { details, cause });
  }
}
