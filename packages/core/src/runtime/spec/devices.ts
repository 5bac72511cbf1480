import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno, WherryError } from '../../errors.ts';
import type { DeviceMapping } from '../container-options.ts';
import type { SpecDevice, SpecDeviceRule } from './runtime-spec.ts';

/** What every container may open. Runtimes add those without which no program runs. MOBY `oci/defaults.go`. */
const DEFAULT_RULES: readonly SpecDeviceRule[] = [
  { allow: false, access: 'rwm' },
  ...(
    [
      [1, 5],
      [1, 3],
      [1, 9],
      [1, 8],
      [5, 0],
      [5, 1],
    ] as const
  ).map(([major, minor]): SpecDeviceRule => ({ allow: true, type: 'c', major, minor, access: 'rwm' })),
  { allow: false, type: 'c', major: 10, minor: 229, access: 'rwm' },
];

const FILE_TYPE = 0o170000;
const CHARACTER_DEVICE = 0o020000;
const BLOCK_DEVICE = 0o060000;
const PERMISSIONS = 0o7777;

/** Directories of `/dev` that the container has of its own, or that hold only links. */
const NOT_FOR_CONTAINERS = ['pts', 'shm', 'fd', 'mqueue', '.lxc', '.lxd-mounts', '.udev'];

export interface ContainerDevices {
  readonly devices: readonly SpecDevice[];
  readonly rules: readonly SpecDeviceRule[];
}

/**
 * The devices of a container: Docker's defaults and those asked for; for a privileged one all of the host's.
 * Throws `INVALID_ARGUMENT` in Docker's words for what is no device.
 */
export async function containerDevices(request: {
  readonly privileged?: boolean;
  readonly devices?: readonly DeviceMapping[];
  readonly deviceRules?: readonly string[];
}): Promise<ContainerDevices> {
  if (request.privileged)
    return { devices: await hostDevices('/dev'), rules: [{ allow: true, access: 'rwm' }] };
  const devices: SpecDevice[] = [];
  const rules: SpecDeviceRule[] = [...DEFAULT_RULES];
  for (const mapping of request.devices ?? []) {
    const device = await readDevice(mapping.pathOnHost, mapping.pathInContainer);
    if (device === undefined || device.type === 'p') throw notADevice(mapping.pathOnHost);
    devices.push(device);
    const { type, major, minor } = device;
    rules.push({ allow: true, type, major, minor, access: mapping.access });
  }
  return { devices, rules: [...rules, ...(request.deviceRules ?? []).map(deviceRule)] };
}

const RULE = /^([acb]) ([0-9]+|\*):([0-9]+|\*) ([rwm]{1,3})$/;

/** Reads `c 1:3 rwm`. Throws `INVALID_ARGUMENT` in Docker's words. */
export function deviceRule(text: string): SpecDeviceRule {
  const [, type, major = '', minor = '', access = ''] = RULE.exec(text) ?? [];
  if (type === undefined) throw new WherryError('INVALID_ARGUMENT', `invalid device cgroup format '${text}'`);
  return {
    allow: true,
    type: type as 'a' | 'c' | 'b',
    ...(major !== '*' && { major: Number(major) }),
    ...(minor !== '*' && { minor: Number(minor) }),
    access,
  };
}

/** The numbers of a block device of the host. Throws `INVALID_ARGUMENT` for what is none. */
export async function blockDevice(path: string): Promise<{ readonly major: number; readonly minor: number }> {
  const device = await readDevice(path, path);
  if (device?.type === 'b') return { major: device.major, minor: device.minor };
  throw new WherryError('INVALID_ARGUMENT', `${path} is not a block device`);
}

async function hostDevices(directory: string): Promise<SpecDevice[]> {
  const found: SpecDevice[] = [];
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (NOT_FOR_CONTAINERS.includes(entry.name)) continue;
    const path = join(directory, entry.name);
    if (entry.isDirectory()) found.push(...(await hostDevices(path)));
    else if (entry.isCharacterDevice() || entry.isBlockDevice()) {
      const device = path === '/dev/console' ? undefined : await readDevice(path, path);
      if (device) found.push(device);
    }
  }
  return found;
}

async function readDevice(path: string, pathInContainer: string): Promise<SpecDevice | undefined> {
  try {
    const { mode, rdev, uid, gid } = await stat(path);
    const kind = mode & FILE_TYPE;
    if (kind !== CHARACTER_DEVICE && kind !== BLOCK_DEVICE) return undefined;
    return {
      path: pathInContainer,
      type: kind === CHARACTER_DEVICE ? 'c' : 'b',
      ...deviceNumbers(rdev),
      fileMode: mode & PERMISSIONS,
      uid,
      gid,
    };
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** As `gnu_dev_major` and `gnu_dev_minor` take a number apart. */
function deviceNumbers(rdev: number): { major: number; minor: number } {
  const value = BigInt(rdev);
  return {
    major: Number(((value >> 8n) & 0xfffn) | ((value >> 32n) & ~0xfffn)),
    minor: Number((value & 0xffn) | ((value >> 12n) & ~0xffn)),
  };
}

function notADevice(path: string): WherryError {
  return new WherryError(
    'INVALID_ARGUMENT',
    `error gathering device information while adding custom device "${path}": not a device node`,
  );
}
