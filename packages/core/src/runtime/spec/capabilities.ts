import { WherryError } from '../../errors.ts';

/** What a container may do unless told otherwise. MOBY `oci/caps/defaults.go`. */
export const DEFAULT_CAPABILITIES: readonly string[] = withPrefix(
  'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE',
  'SYS_CHROOT KILL AUDIT_WRITE',
);

/** All that Linux knows, by their numbers. capabilities(7). */
export const ALL_CAPABILITIES: readonly string[] = withPrefix(
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE',
  'NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT',
  'SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE',
  'AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ',
  'PERFMON BPF CHECKPOINT_RESTORE',
);

const ALL = 'ALL';

export interface CapabilityRequest {
  readonly capAdd?: readonly string[];
  readonly capDrop?: readonly string[];
  readonly privileged?: boolean;
}

/**
 * The capabilities of a container. `ALL` among those to add begins with everything, `ALL` among those to drop
 * with nothing. `available` is what the host can give at all: what it lacks is left out of `ALL`, and asking
 * for it by name is an error, as an unknown name is (`INVALID_ARGUMENT`).
 */
export function containerCapabilities(
  request: CapabilityRequest,
  available: readonly string[] = ALL_CAPABILITIES,
): readonly string[] {
  if (request.privileged) return available;
  const adds = (request.capAdd ?? []).map((name) => possibleCapability(name, available));
  const drops = (request.capDrop ?? []).map((name) => possibleCapability(name, available));
  if (drops.includes(ALL)) return unique(adds.includes(ALL) ? available : adds);
  const base = adds.includes(ALL)
    ? available
    : DEFAULT_CAPABILITIES.filter((each) => available.includes(each));
  const named = adds.filter((each) => each !== ALL);
  return unique([...base, ...named]).filter((each) => !drops.includes(each));
}

/** Reads a mask of `/proc/<pid>/status`, such as `00000000a80425fb`, as names. */
export function capabilitiesOfMask(hex: string): readonly string[] {
  const mask = BigInt(`0x${hex}`);
  return ALL_CAPABILITIES.filter((_, bit) => ((mask >> BigInt(bit)) & 1n) === 1n);
}

/** `net_admin` as `CAP_NET_ADMIN`, whether there is such a one or not; `ALL` stays. */
export function capabilityName(text: string): string {
  const upper = text.trim().toUpperCase();
  return upper === ALL || upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
}

function possibleCapability(text: string, available: readonly string[]): string {
  const name = capabilityName(text);
  if (name === ALL) return ALL;
  if (!ALL_CAPABILITIES.includes(name)) throw invalidCapability(`unknown capability: "${name}"`);
  if (!available.includes(name))
    throw invalidCapability(
      `capability not supported by your kernel or not available in the current environment: "${name}"`,
    );
  return name;
}

function invalidCapability(message: string): WherryError {
  return new WherryError('INVALID_ARGUMENT', `invalid capability: ${message}`);
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)];
}

function withPrefix(...lines: readonly string[]): readonly string[] {
  return lines
    .join(' ')
    .split(' ')
    .map((name) => `CAP_${name}`);
}
