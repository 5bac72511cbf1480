import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { WherryError } from '../../errors.ts';
import type { ContainerPaths } from '../container-directory.ts';
import type { ContainerMount, ContainerOptions } from '../container-options.ts';
import { findProgram } from '../program.ts';
import { readIfThere } from '../read-if-there.ts';
import { blockIo } from './block-io.ts';
import { containerDevices } from './devices.ts';
import { type HostFacts, readHostFacts } from './host-facts.ts';
import type { NetworkFiles } from './mounts.ts';
import { type HostNetworkFiles, networkFileTexts } from './network-files.ts';
import { type ImageDefaults, workingDirectory } from './process-spec.ts';
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
  const user = resolveUser(rootfs, options.user || image.User || '', options.groupAdd);
  const devices = await containerDevices(options);
  const limitsOfDevices = await blockIo(options.resources ?? {});
  makeRootfsDirectory(rootfs, workingDirectory(image, options));
  for (const mount of options.mounts ?? []) prepareSource(mount);
  const files = writeNetworkFiles(paths, options, containerHostname({ id, options, host }));
  const initPath = options.init ? findInit() : undefined;
  const spec = runtimeSpec({
    ...{ id, image, options, rootfs, user, devices, files, host },
    ...(limitsOfDevices && { blockIo: limitsOfDevices }),
    ...(initPath !== undefined && { initPath }),
  });
  writeFileSync(join(paths.bundle, 'config.json'), JSON.stringify(spec), { mode: 0o600 });
  const hasLimit = host.canUseCgroups && Boolean(options.resources?.memoryBytes);
  return { spec, ...(hasLimit && { memoryEvents: memoryEventsPath(cgroupPath(id, options), host) }) };
}

/** Where Docker's inspect finds the files; they are written anew at each start. */
export function networkFiles(paths: ContainerPaths): NetworkFiles {
  return {
    hosts: join(paths.bundle, 'hosts'),
    resolvConf: join(paths.bundle, 'resolv.conf'),
    hostname: join(paths.bundle, 'hostname'),
  };
}

function writeNetworkFiles(paths: ContainerPaths, options: ContainerOptions, hostname: string): NetworkFiles {
  const files = networkFiles(paths);
  const texts = networkFileTexts(options, hostname, readHostFiles());
  mkdirSync(paths.bundle, { recursive: true, mode: 0o711 });
  for (const name of ['hosts', 'resolvConf', 'hostname'] as const) {
    writeFileSync(files[name], texts[name]);
    // Everyone in the container reads them, whatever our umask is.
    chmodSync(files[name], 0o644);
  }
  return files;
}

function readHostFiles(): HostNetworkFiles {
  const [hosts, resolvConf] = ['/etc/hosts', '/etc/resolv.conf'].map(readIfThere);
  return { ...(hosts !== undefined && { hosts }), ...(resolvConf !== undefined && { resolvConf }) };
}

function prepareSource(mount: ContainerMount): void {
  if (mount.type !== 'bind' || !mount.source.startsWith('/') || existsSync(mount.source)) return;
  if (mount.createSource) mkdirSync(mount.source, { recursive: true });
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

function memoryEventsPath(cgroup: string, host: HostFacts): string {
  return host.cgroupVersion === 2
    ? `/sys/fs/cgroup${cgroup}/memory.events`
    : `/sys/fs/cgroup/memory${cgroup}/memory.oom_control`;
}
