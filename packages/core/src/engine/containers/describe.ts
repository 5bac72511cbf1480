import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isWherryError } from '../../errors.ts';
import { SnapshotPlaces } from '../../rootfs/snapshots/snapshot-places.ts';
import type { ContainerRecord } from '../../runtime/container-record.ts';
import type { ContainerState } from '../../runtime/container-state.ts';
import { networkFiles } from '../../runtime/spec/bundle.ts';
import { readHostFacts } from '../../runtime/spec/host-facts.ts';
import { containerConfig, goTime } from '../inspect.ts';
import { VolumePlaces } from '../volumes/volume-places.ts';
import type { ContainerDeps } from './container-deps.ts';
import { containerPlaces } from './container-places.ts';
import { hostConfig } from './description/host-config.ts';
import { mountPoints } from './description/mount-list.ts';
import { networkSettings } from './description/network-settings.ts';
import { inspectContainer } from './inspect.ts';
import { sizesOf } from './list.ts';

export interface DescribeContainerRequest {
  readonly container: string;
  /** Measures what the container changed: `SizeRw` and `SizeRootFs`. */
  readonly sizes?: boolean;
}

/** What Docker's Engine API tells of a container; field names and their order are Docker's. */
export interface ContainerInspection {
  readonly Id: string;
  readonly Created: string;
  readonly Path: string;
  readonly Args: readonly string[];
  /** With a slash before it. */
  readonly Name: string;
  readonly Image: string;
  readonly [field: string]: unknown;
}

/** What images and containers have in the place of `overlay2`. */
const DRIVER = 'wherry';

/**
 * Describes a container as Docker's Engine API does (`GET /containers/{id}/json`, API 1.41), field for field. What
 * there is none of here, such as a bridge's addresses, has Docker's empty value. Throws `CONTAINER_UNKNOWN`,
 * `AMBIGUOUS_ID`.
 */
export async function describeContainer(
  deps: ContainerDeps,
  { container, sizes }: DescribeContainerRequest,
): Promise<ContainerInspection> {
  const record = await inspectContainer(deps, container);
  const [path = '', ...args] = record.argv;
  const volumes = new VolumePlaces(deps.store.root);
  const measured = sizes ? await sizesOf(deps, record) : undefined;
  return {
    Id: record.id,
    Created: goTime(record.createdAt),
    Path: path,
    Args: args,
    State: stateOf(record.state),
    Image: record.imageId,
    ...ownFiles(deps, record),
    Name: `/${record.name}`,
    RestartCount: record.restartCount,
    Driver: DRIVER,
    Platform: 'linux',
    ...{ MountLabel: '', ProcessLabel: '', AppArmorProfile: '', ExecIDs: null },
    HostConfig: hostConfig(record, { runtime: runtimeName(deps), host: readHostFacts() }),
    GraphDriver: graphDriver(deps, record),
    ...(measured && { SizeRw: measured.changedBytes, SizeRootFs: measured.totalBytes }),
    Mounts: mountPoints(record.options.mounts ?? [], (volume) => volumes.dataOf(volume)),
    Config: configOf(record),
    NetworkSettings: networkSettings(record.options.network ?? 'none'),
  };
}

function stateOf(state: ContainerState): Record<string, unknown> {
  const { status } = state;
  return {
    Status: status,
    Running: status === 'running' || status === 'paused',
    Paused: status === 'paused',
    Restarting: false,
    OOMKilled: state.oomKilled,
    Dead: status === 'dead',
    Pid: state.pid,
    ExitCode: state.exitCode,
    Error: state.error,
    StartedAt: goTime(state.startedAt),
    FinishedAt: goTime(state.finishedAt),
  };
}

/** They are there from the first start on. */
function ownFiles({ store }: ContainerDeps, { id, options }: ContainerRecord): Record<string, string> {
  const { log, paths } = containerPlaces(store.root, id);
  const files = networkFiles(paths);
  const wasStarted = existsSync(files.resolvConf);
  return {
    ResolvConfPath: wasStarted ? files.resolvConf : '',
    HostnamePath: wasStarted ? files.hostname : '',
    HostsPath: wasStarted ? files.hosts : '',
    LogPath: wasStarted && options.log?.driver !== 'none' ? log : '',
  };
}

/** The directories of the overlay; a container that was never started, or runs on a copy, has none. */
function graphDriver({ store }: ContainerDeps, { id }: ContainerRecord): Record<string, unknown> {
  const { paths, rootfs, upper } = containerPlaces(store.root, id);
  if (!existsSync(upper)) return { Data: null, Name: DRIVER };
  const places = new SnapshotPlaces(store.root);
  const layers = store.metadata.layersOfContainer(id);
  const lower = layers.map(({ diffID }) => join(places.pathOf(diffID), 'fs')).reverse();
  return {
    Data: {
      LowerDir: lower.join(':'),
      MergedDir: rootfs,
      UpperDir: upper,
      WorkDir: join(paths.directory, 'work'),
    },
    Name: DRIVER,
  };
}

function configOf(record: ContainerRecord): Record<string, unknown> {
  const { attached = [], config, stopTimeoutSeconds } = record;
  return containerConfig({
    ...config,
    AttachStdin: attached.includes('stdin'),
    AttachStdout: attached.includes('stdout'),
    AttachStderr: attached.includes('stderr'),
    ...(stopTimeoutSeconds !== undefined && { StopTimeout: stopTimeoutSeconds }),
  });
}

/** Empty where nothing is installed that could run the container. */
function runtimeName(deps: ContainerDeps): string {
  try {
    return deps.runtime().name;
  } catch (error) {
    if (isWherryError(error, 'UNSUPPORTED')) return '';
    throw error;
  }
}
