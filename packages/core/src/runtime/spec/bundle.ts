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
import { type HostNetworkFiles, type NetworkFileTexts, networkFileTexts } from './network-files.ts';
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
  readonly paths: Pick<ContainerPaths, 'bundle'>;
  readonly host?: HostFacts;
  /**
   * Where this process sees the root of the mounts that the runtime will see, such as `/proc/<pid>/root`: all
   * paths of the request are looked up below it. Absent: we see the same.
   */
  readonly seenAt?: string;
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
  const { id, image, options, rootfs, paths, seenAt = '' } = request;
  const host = request.host ?? readHostFacts();
  const user = resolveUser(seenAt + rootfs, options.user || image.User || '', options.groupAdd);
  const devices = await containerDevices(options);
  const limitsOfDevices = await blockIo(options.resources ?? {});
  makeRootfsDirectory(seenAt + rootfs, workingDirectory(image, options));
  for (const mount of options.mounts ?? []) prepareSource(mount, seenAt);
  const hostname = containerHostname({ id, options, host });
  writeNetworkFiles(`${seenAt}${paths.bundle}`, networkFileTexts(options, hostname, readHostFiles()));
  const files = networkFiles(paths);
  const initPath = options.init ? findInit() : undefined;
  const spec = runtimeSpec({
    ...{ id, image, options, rootfs, user, devices, files, host },
    ...(limitsOfDevices && { blockIo: limitsOfDevices }),
    ...(initPath !== undefined && { initPath }),
  });
  writeFileSync(join(seenAt, paths.bundle, 'config.json'), JSON.stringify(spec), { mode: 0o600 });
  const memoryEvents = memoryEventsFile(id, options, host);
  return { spec, ...(memoryEvents !== undefined && { memoryEvents }) };
}

/** Where Docker's inspect finds the files; they are written anew at each start. */
export function networkFiles({ bundle }: Pick<ContainerPaths, 'bundle'>): NetworkFiles {
  return {
    hosts: join(bundle, 'hosts'),
    resolvConf: join(bundle, 'resolv.conf'),
    hostname: join(bundle, 'hostname'),
  };
}

function writeNetworkFiles(bundle: string, texts: NetworkFileTexts): void {
  const files = networkFiles({ bundle });
  mkdirSync(bundle, { recursive: true, mode: 0o711 });
  for (const name of ['hosts', 'resolvConf', 'hostname'] as const) {
    writeFileSync(files[name], texts[name]);
    // Everyone in the container reads them, whatever our umask is.
    chmodSync(files[name], 0o644);
  }
}

function readHostFiles(): HostNetworkFiles {
  const [hosts, resolvConf] = ['/etc/hosts', '/etc/resolv.conf'].map(readIfThere);
  return { ...(hosts !== undefined && { hosts }), ...(resolvConf !== undefined && { resolvConf }) };
}

function prepareSource(mount: ContainerMount, seenAt: string): void {
  if (mount.type !== 'bind' || !mount.source.startsWith('/') || existsSync(seenAt + mount.source)) return;
  if (mount.createSource) mkdirSync(seenAt + mount.source, { recursive: true });
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

/** The file that counts a container's kills for want of memory; `undefined`: it has no limit. */
export function memoryEventsFile(
  id: string,
  options: ContainerOptions,
  host: HostFacts = readHostFacts(),
): string | undefined {
  if (!host.canUseCgroups || !options.resources?.memoryBytes) return undefined;
  const cgroup = cgroupPath(id, options);
  return host.cgroupVersion === 2
    ? `/sys/fs/cgroup${cgroup}/memory.events`
    : `/sys/fs/cgroup/memory${cgroup}/memory.oom_control`;
}
