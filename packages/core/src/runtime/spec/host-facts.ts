import { existsSync, readFileSync } from 'node:fs';
import { hostname, release } from 'node:os';
import { isErrno } from '../../errors.ts';
import { ownIdCounts } from '../namespace/subordinate-ids.ts';
import { ALL_CAPABILITIES, capabilitiesOfMask } from './capabilities.ts';

/** What the machine, and the place in it where we run, lets a container have. */
export interface HostFacts {
  /** As Go names it, such as `amd64`. */
  readonly architecture: string;
  readonly kernelRelease: string;
  readonly hostname: string;
  readonly cgroupVersion: 1 | 2;
  /** Control groups can be made; without them there are no limits and no devices rules. */
  readonly canUseCgroups: boolean;
  /** Their file system can be mounted in the container. */
  readonly canMountCgroups: boolean;
  readonly hasSwapLimit: boolean;
  /** We are root only in a user namespace, as rootless containers have it. */
  readonly isUserNamespace: boolean;
  /** The groups below this number exist in our namespace, and users likewise. */
  readonly groupCount: number;
  readonly userCount: number;
  /** What we can give at all. */
  readonly capabilities: readonly string[];
}

const GO_ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: 'amd64',
  ia32: '386',
  ppc64: 'ppc64le',
};

const CGROUPS = '/sys/fs/cgroup';

let known: HostFacts | undefined;

/**
 * Tells what the kernel tells about itself and us. Linux only. It is read once, a handful of files that a start of a
 * container asks for half a dozen times: who enters a namespace becomes another process.
 */
export function readHostFacts(): HostFacts {
  known ??= readFacts();
  return known;
}

function readFacts(): HostFacts {
  const isV2 = existsSync(`${CGROUPS}/cgroup.controllers`);
  const uidMap = read('/proc/self/uid_map');
  const isUserNamespace = uidMap !== undefined && !isWholeRange(uidMap);
  const ids = ownIdCounts();
  return {
    architecture: GO_ARCHITECTURES[process.arch] ?? process.arch,
    kernelRelease: release(),
    hostname: hostname(),
    cgroupVersion: isV2 ? 2 : 1,
    // Whoever is not root runs containers in a user namespace.
    canUseCgroups: !isUserNamespace && process.geteuid?.() === 0,
    canMountCgroups: isV2 || !isUserNamespace,
    hasSwapLimit: isV2 || existsSync(`${CGROUPS}/memory/memory.memsw.usage_in_bytes`),
    isUserNamespace,
    groupCount: ids.groups,
    userCount: ids.users,
    capabilities: ownCapabilities(),
  };
}

function ownCapabilities(): readonly string[] {
  const mask = /^CapBnd:\s*([0-9a-f]+)$/m.exec(read('/proc/self/status') ?? '')?.[1];
  return mask === undefined ? ALL_CAPABILITIES : capabilitiesOfMask(mask);
}

/** user_namespaces(7): the first namespace maps every ID to itself. */
function isWholeRange(map: string): boolean {
  return /^\s*0\s+0\s+4294967295\s*$/.test(map);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES')) return undefined;
    throw error;
  }
}
