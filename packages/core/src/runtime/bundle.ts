import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno, WherryError } from '../errors.ts';
import type { ContainerPaths } from './container-directory.ts';
import type { ContainerMount, ContainerOptions } from './container-options.ts';
import { containerDevices } from './devices.ts';
import { type HostFacts, readHostFacts } from './host-facts.ts';
import type { NetworkFiles } from './mounts.ts';
import { type HostNetworkFiles, networkFileTexts } from './network-files.ts';
import { type ImageDefaults, workingDirectory } from './process-spec.ts';
import { findProgram } from './program.ts';
import { makeRootfsDirectory } from './rootfs-path.ts';
import type { RuntimeSpec } from './runtime-spec.ts';
import { cgroupPath, containerHostname, runtimeSpec } from './spec.ts';
import { resolveUser } from './user.ts';

/** Programs that do for `--init`, in the order of preference. */
const INITS = ['docker-init', 'tini', 'catatonit'];

export interface BundleRequest {
  readonly id: string;
  readonly image: ImageDefaults;
  readonly options: ContainerOptions;
  /** The mounted root file system, absolute; its working directory is made when missing. */
  readonly rootfs: string;
  readonly paths: ContainerPaths;
  readonly host?: HostFacts;
}

export interface Bundle {
  readonly spec: RuntimeSpec;
  /** The file that counts kills for want of memory, where there is a limit. */
  readonly memoryEvents?: string;
}

/**
 * Writes all that the runtime needs to run a container: `config.json`, and the files of the network that lie
 * over the image's. Throws `INVALID_ARGUMENT` and others in Docker's words.
 */
export async function writeBundle(request: BundleRequest): Promise<Bundle> {
  const { id, image, options, rootfs, paths } = request;
  const host = request.host ?? readHostFacts();
  const user = await resolveUser(rootfs, options.user || image.User || '', options.groupAdd);
  const devices = await containerDevices(options);
  await makeRootfsDirectory(rootfs, workingDirectory(image, options));
  for (const mount of options.mounts ?? []) await prepareSource(mount);
  await mkdir(paths.bundle, { recursive: true, mode: 0o711 });
  const files = await writeNetworkFiles(paths, options, containerHostname({ id, options, host }));
  const initPath = options.init ? findInit() : undefined;
  const spec = runtimeSpec({
    ...{ id, image, options, rootfs, user, devices, files, host },
    ...(initPath !== undefined && { initPath }),
  });
  await writeFile(join(paths.bundle, 'config.json'), JSON.stringify(spec), { mode: 0o600 });
  const hasLimit = host.canUseCgroups && Boolean(options.resources?.memoryBytes);
  return { spec, ...(hasLimit && { memoryEvents: memoryEventsPath(id, host) }) };
}

/** Where Docker's inspect finds the files; they are written anew at each start. */
export function networkFiles(paths: ContainerPaths): NetworkFiles {
  return {
    hosts: join(paths.bundle, 'hosts'),
    resolvConf: join(paths.bundle, 'resolv.conf'),
    hostname: join(paths.bundle, 'hostname'),
  };
}

async function writeNetworkFiles(
  paths: ContainerPaths,
  options: ContainerOptions,
  hostname: string,
): Promise<NetworkFiles> {
  const files = networkFiles(paths);
  const texts = networkFileTexts(options, hostname, await readHostFiles());
  // Everyone in the container reads them.
  await writeFile(files.hosts, texts.hosts, { mode: 0o644 });
  await writeFile(files.resolvConf, texts.resolvConf, { mode: 0o644 });
  await writeFile(files.hostname, texts.hostname, { mode: 0o644 });
  return files;
}

async function readHostFiles(): Promise<HostNetworkFiles> {
  const [hosts, resolvConf] = await Promise.all(['/etc/hosts', '/etc/resolv.conf'].map(readIfThere));
  return { ...(hosts !== undefined && { hosts }), ...(resolvConf !== undefined && { resolvConf }) };
}

async function prepareSource(mount: ContainerMount): Promise<void> {
  if (mount.type === 'tmpfs' || !mount.source.startsWith('/')) return;
  if (await exists(mount.source)) return;
  if (mount.createSource) await mkdir(mount.source, { recursive: true });
  else
    throw new WherryError(
      'INVALID_ARGUMENT',
      `invalid mount config for type "${mount.type}": bind source path does not exist: ${mount.source}`,
    );
}

function findInit(): string {
  const path = findProgram(INITS);
  if (path !== undefined) return path;
  throw new WherryError('UNSUPPORTED', `--init needs one of ${INITS.join(', ')}, none is found in $PATH`);
}

function memoryEventsPath(id: string, host: HostFacts): string {
  return host.cgroupVersion === 2
    ? `/sys/fs/cgroup${cgroupPath(id)}/memory.events`
    : `/sys/fs/cgroup/memory${cgroupPath(id)}/memory.oom_control`;
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
