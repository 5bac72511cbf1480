import { randomBytes } from 'node:crypto';
import { mkdir, rmdir } from 'node:fs/promises';
import type { FileLock } from '../../content/file-lock.ts';
import { toStorageError } from '../../content/storage-error.ts';
import type { Digest } from '../../digest.ts';
import { isErrno, isWherryError, WherryError } from '../../errors.ts';
import type { ImageFacts } from '../../metadata/metadata-store.ts';
import { type ContainerConfig, type ImageConfig, parseImageConfig } from '../../oci/image-config.ts';
import type { Platform } from '../../platform.ts';
import type { ContainerOptions } from '../../runtime/container-options.ts';
import {
  type ContainerRecord,
  makeContainerId,
  parseContainerName,
  type StandardStream,
} from '../../runtime/container-record.ts';
import { CREATED_STATE } from '../../runtime/container-state.ts';
import { makeContainerName } from '../../runtime/names.ts';
import { checkBlockIo } from '../../runtime/spec/block-io.ts';
import { deviceRule } from '../../runtime/spec/devices.ts';
import { readHostFacts } from '../../runtime/spec/host-facts.ts';
import { configuredEnv, containerCommand, workingDirectory } from '../../runtime/spec/process-spec.ts';
import { cgroupResources } from '../../runtime/spec/resources.ts';
import { cgroupPath, containerHostname } from '../../runtime/spec/spec.ts';
import { resolveImage } from '../resolve.ts';
import { chosenImage } from '../selection/chosen-image.ts';
import { MAX_CONFIG_BYTES, readOwnDocument } from '../store/documents.ts';
import type { Store } from '../store/store.ts';
import { claimVolumes } from '../volumes/claim.ts';
import { plannedMounts, volumePaths } from '../volumes/planned-mounts.ts';
import { type ContainerDeps, tryLockContainer } from './container-deps.ts';
import { containerPlaces } from './container-places.ts';

export interface CreateContainerRequest {
  /** A name or an ID; the record keeps it as the user wrote it. */
  readonly image: string;
  /** Of an index, the image for it. */
  readonly platform?: Platform;
  /** Absent: one is made up. */
  readonly name?: string;
  readonly options?: ContainerOptions;
  /** What the caller means to attach to; it is recorded. */
  readonly attached?: readonly StandardStream[];
  /** Beside the image's. */
  readonly labels?: Readonly<Record<string, string>>;
  /** The container has an input; it ends with that of who is attached first if `stdinOnce`. */
  readonly openStdin?: boolean;
  readonly stdinOnce?: boolean;
  /** The container is removed when it has ended. */
  readonly autoRemove?: boolean;
  /** Such as `SIGTERM`. */
  readonly stopSignal?: string;
  readonly stopTimeoutSeconds?: number;
}

/** Names that are made up and turn out to be taken; more than a few are none of chance. */
const NAME_TRIES = 100;
/** proc(5), `oom_score_adj`. */
const MAX_OOM_SCORE = 1000;

/**
 * Makes a container of an image that is here, to be started. Throws `IMAGE_UNKNOWN`, `PLATFORM_UNKNOWN`,
 * `CONFLICT` when the name is taken, `INVALID_ARGUMENT` in Docker's words.
 */
export async function createContainer(
  deps: ContainerDeps,
  request: CreateContainerRequest,
): Promise<ContainerRecord> {
  const { store } = deps;
  const name = request.name === undefined ? undefined : parseContainerName(request.name);
  const resolved = resolveImage(store.metadata, request.image);
  const facts = await chosenImage(store, resolved, request.platform, request.image);
  const image = await readConfig(store, facts);
  requirePossible(deps, image.config ?? {}, request.options ?? {});
  const mounts = plannedMounts(store.metadata, image.config ?? {}, request.options ?? {});
  store.metadata.noteUse(facts.id);
  const { id, lock } = await makeDirectory(deps);
  try {
    const settled = mounts.length > 0 ? { ...request, options: { ...request.options, mounts } } : request;
    const record = newRecord({ id, facts, image: image.config ?? {}, request: settled, now: deps.now() });
    await using volumes = await claimVolumes(deps, id, mounts);
    try {
      return putUnderName(store, record, name);
    } catch (error) {
      await volumes.undo();
      throw error;
    }
  } catch (error) {
    await rmdir(containerPlaces(store.root, id).paths.directory);
    throw error;
  } finally {
    lock.release({ remove: true });
  }
}

/** Keeps a record, with a name that is free unless one was asked for. */
function putUnderName(store: Store, record: ContainerRecord, name: string | undefined): ContainerRecord {
  for (let attempt = 1; ; attempt++)
    try {
      const named = { ...record, name: name ?? freeName(store) };
      const { id, createdAt, imageId } = named;
      const stored = { id, name: named.name, imageId: imageId as Digest, createdAt: new Date(createdAt) };
      // After a loss of power nothing is left of one that is removed when it ends.
      store.metadata.putContainer({ ...stored, record: { ...named } }, { durable: !named.autoRemove });
      return named;
    } catch (error) {
      // Another process took the very name that was made up here.
      if (name === undefined && attempt < NAME_TRIES && isWherryError(error, 'CONFLICT')) continue;
      throw error;
    }
}

/** The image's config, which its containers run by. Throws `CORRUPT`, `INVALID_DOCUMENT`. */
export async function readConfig(store: Store, { id }: Pick<ImageFacts, 'id'>): Promise<ImageConfig> {
  return parseImageConfig(await readOwnDocument(store.blobs, id, MAX_CONFIG_BYTES));
}

/** Its lock tells a directory in the making from one that was left behind. */
async function makeDirectory(deps: ContainerDeps): Promise<{ readonly id: string; readonly lock: FileLock }> {
  for (;;) {
    const id = makeContainerId(randomBytes);
    const { directory } = containerPlaces(deps.store.root, id).paths;
    const lock = await tryLockContainer(deps, id);
    if (lock === undefined) continue;
    try {
      await mkdir(directory, { mode: 0o700 });
      return { id, lock };
    } catch (error) {
      lock.release({ remove: true });
      // The directory's name is only the beginning of the ID.
      if (!isErrno(error, 'EEXIST')) throw toStorageError(error, `make ${directory}`);
    }
  }
}

function freeName(store: Store): string {
  return makeContainerName(Math.random, (name) => store.metadata.findContainer(name)?.name === name);
}

interface RecordParts {
  readonly id: string;
  readonly facts: ImageFacts;
  readonly image: ContainerConfig;
  readonly request: CreateContainerRequest;
  readonly now: Date;
}

function newRecord({ id, facts, image, request, now }: RecordParts): ContainerRecord {
  const { options = {}, openStdin = false, stdinOnce = false, autoRemove = false } = request;
  const labels = { ...image.Labels, ...request.labels };
  const stopSignal = request.stopSignal ?? image.StopSignal;
  const { stopTimeoutSeconds } = request;
  return {
    ...{ id, name: '', imageId: facts.id, imageName: request.image, labels, options },
    createdAt: now.toISOString().replace(/Z$/, '000000Z'),
    argv: containerCommand(image, options).argv,
    config: mergedConfig(id, image, request),
    ...(request.attached && { attached: request.attached }),
    ...{ openStdin, stdinOnce, autoRemove, restartCount: 0, state: CREATED_STATE },
    ...(stopSignal && { stopSignal }),
    ...(stopTimeoutSeconds !== undefined && { stopTimeoutSeconds }),
  };
}

/** Docker's `Config`: the image's, with what the options put in its place. */
function mergedConfig(
  id: string,
  image: ContainerConfig,
  request: CreateContainerRequest,
): Readonly<Record<string, unknown>> {
  const { attached = [], options = {}, labels, stopSignal } = request;
  const { uts, ...named } = options;
  const { entrypoint, command } = containerCommand(image, options);
  const env = configuredEnv(image, options);
  const ports = Object.fromEntries((options.exposedPorts ?? []).map((port) => [port, {}]));
  const healthcheck = options.healthcheck && { ...image.Healthcheck, ...options.healthcheck };
  const volumes = volumePaths(image, options);
  return {
    ...image,
    ...(volumes.length > 0 && { Volumes: Object.fromEntries(volumes.map((path) => [path, {}])) }),
    // As with Docker, it is the host's only together with the network.
    Hostname: containerHostname({ id, options: uts === 'host' ? named : options, host: readHostFacts() }),
    Domainname: options.domainname ?? '',
    User: options.user || image.User || '',
    ...(options.exposedPorts && { ExposedPorts: { ...image.ExposedPorts, ...ports } }),
    AttachStdin: attached.includes('stdin'),
    AttachStdout: attached.includes('stdout'),
    AttachStderr: attached.includes('stderr'),
    Tty: options.tty ?? false,
    OpenStdin: request.openStdin ?? false,
    StdinOnce: request.stdinOnce ?? false,
    Env: env.length > 0 ? env : null,
    Cmd: command.length > 0 ? command : null,
    ...(healthcheck && { Healthcheck: healthcheck }),
    Entrypoint: entrypoint.length > 0 ? entrypoint : null,
    Image: request.image,
    WorkingDir: options.workingDir || image.WorkingDir || '',
    Labels: { ...image.Labels, ...labels },
    ...(stopSignal && { StopSignal: stopSignal }),
  };
}

/** Finds out now what would fail at every start, as Docker does. */
function requirePossible(deps: ContainerDeps, image: ContainerConfig, options: ContainerOptions): void {
  containerCommand(image, options);
  workingDirectory(image, options);
  cgroupResources(options.resources ?? {}, readHostFacts());
  cgroupPath('', options);
  checkBlockIo(options.resources ?? {});
  options.deviceRules?.forEach(deviceRule);
  const { oomScoreAdj = 0, runtime } = options;
  if (Math.abs(oomScoreAdj) > MAX_OOM_SCORE)
    throw new WherryError(
      'INVALID_ARGUMENT',
      `Invalid value ${oomScoreAdj}, range for oom score adj is [-${MAX_OOM_SCORE}, ${MAX_OOM_SCORE}]`,
    );
  if (runtime !== undefined && runtime !== deps.runtime().name)
    throw new WherryError('INVALID_ARGUMENT', `Unknown runtime specified ${runtime}`, {
      hint: `containers are run by the first of runc, crun and youki in $PATH, here ${deps.runtime().name}`,
    });
}
