import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type FileLock, tryFileLock } from '../content/file-lock.ts';
import type { ContainerDeps } from '../engine/containers/container-deps.ts';
import { containerPlaces } from '../engine/containers/container-places.ts';
import { changeRecord } from '../engine/containers/container-records.ts';
import { type CreateContainerRequest, createContainer } from '../engine/containers/create.ts';
import { containerDeps, stateDirectory } from '../engine/containers/open-containers.ts';
import { startContainer } from '../engine/containers/start.ts';
import { openStore } from '../engine/store/open-store.ts';
import { partWithVolumes } from '../engine/volumes/part-with-volumes.ts';
import { hostPlatform } from '../platform.ts';
import type { ContainerRecord } from '../runtime/container-record.ts';
import type { ContainerState } from '../runtime/container-state.ts';
import { JsonFileLog } from '../runtime/monitor/log-writer.ts';
import { identifyProcess } from '../runtime/process-identity.ts';

/** A container, and what became of it before a test begins. */
export interface PastContainer extends CreateContainerRequest {
  /** 64 hexadecimal digits, in the place of those that are made up. */
  readonly id: string;
  /** What the image was called, where that means another one by now. */
  readonly imageName?: string;
  readonly createdAt: Date;
  readonly status: 'created' | 'running' | 'paused' | 'exited';
  readonly exitCode?: number;
  readonly startedAt?: Date;
  readonly finishedAt?: Date;
  /** Empty files that it made, as paths from its root. */
  readonly files?: readonly string[];
  /** What it printed, in its log. */
  readonly printed?: string;
  /** A runtime starts it, and halts a paused one; otherwise this very process stands in for it. */
  readonly isReal?: boolean;
}

/**
 * Puts containers into the store at `root`, the oldest first. Those that only seem to run have their monitors
 * here until the result is disposed, so that no command gives them one.
 */
export async function putPastContainers(
  root: string,
  containers: readonly PastContainer[],
): Promise<Disposable> {
  const store = openStore(root);
  const locks: FileLock[] = [];
  try {
    const deps = containerDeps(store, hostPlatform(process.platform, process.arch));
    for (const past of containers) {
      await putOne(deps, past);
      if (past.isReal) await startReally(deps, past);
      else if (past.status === 'running' || past.status === 'paused') locks.push(standIn(root, past.id));
    }
  } finally {
    store.close();
  }
  return {
    [Symbol.dispose]: () => {
      for (const lock of locks) lock.release({ remove: true });
    },
  };
}

/** Removes what a runtime keeps of a store's containers, none of which may run any more. */
export function forgetRuntimeState(root: string): void {
  rmSync(stateDirectory(root), { recursive: true, force: true });
}

async function putOne(deps: ContainerDeps, past: PastContainer): Promise<void> {
  const { metadata, root } = deps.store;
  const made = await createContainer({ ...deps, now: () => past.createdAt }, past);
  const stored = metadata.findContainer(made.id);
  if (stored === undefined) throw new Error(`${made.name} was not stored`);
  metadata.deleteContainer(made.id);
  rmSync(containerPlaces(root, made.id).paths.directory, { recursive: true });
  // They were made for the ID that is gone.
  await partWithVolumes(deps.store, made, { remove: false });
  const record = withFate(renamed(made, past.id), past);
  metadata.putContainer({ ...stored, id: past.id, record: { ...record } });
  leaveFiles(root, past);
}

async function startReally(deps: ContainerDeps, { id, status }: PastContainer): Promise<void> {
  await startContainer(deps, id);
  if (status !== 'paused') return;
  await deps.runtime().pause(id);
  changeRecord(deps.store.metadata, id, (now) => ({ ...now, state: { ...now.state, status } }));
}

/** Host name and the like are made of the ID. */
function renamed(record: ContainerRecord, id: string): ContainerRecord {
  const text = JSON.stringify(record).replaceAll(record.id, id);
  return JSON.parse(text.replaceAll(record.id.slice(0, 12), id.slice(0, 12))) as ContainerRecord;
}

function withFate(record: ContainerRecord, past: PastContainer): ContainerRecord {
  const { imageName = record.imageName, status, exitCode = 0, startedAt, finishedAt, isReal } = past;
  if (isReal) return { ...record, imageName };
  const state: ContainerState = {
    ...record.state,
    ...{ status, exitCode },
    ...(startedAt && { startedAt: startedAt.toISOString() }),
    ...(finishedAt && { finishedAt: finishedAt.toISOString() }),
  };
  return { ...record, imageName, state };
}

function leaveFiles(root: string, { id, files = [], printed }: PastContainer): void {
  const { paths, upper, log } = containerPlaces(root, id);
  mkdirSync(paths.directory, { recursive: true, mode: 0o700 });
  for (const file of files) {
    mkdirSync(dirname(join(upper, file)), { recursive: true });
    writeFileSync(join(upper, file), '');
  }
  if (printed === undefined) return;
  using writer = new JsonFileLog(log);
  writer.write('stdout', Buffer.from(printed));
}

function standIn(root: string, id: string): FileLock {
  const { paths } = containerPlaces(root, id);
  writeFileSync(paths.process, JSON.stringify(identifyProcess(process.pid)));
  const lock = tryFileLock(paths.monitorLock);
  if (lock === undefined) throw new Error(`${id} has a monitor`);
  return lock;
}
