import { CommandError } from '../../errors.ts';
import type { Flags } from '../../flags.ts';

const NO_BRIDGE = 'needs a bridge network, which is not offered: use --network host, or --network none';

export const KERNEL_MEMORY_REFUSAL =
  'is no limit that Linux still has: use --memory, which counts the kernel’s memory too';

/** What is asked for in vain, and what to do instead. */
const REASONS: Readonly<Record<string, string>> = {
  gpus: 'needs a hook of the vendor in the runtime: give the device files to the container with --device',
  ip: NO_BRIDGE,
  ip6: NO_BRIDGE,
  'kernel-memory': KERNEL_MEMORY_REFUSAL,
  link: NO_BRIDGE,
  'link-local-ip': NO_BRIDGE,
  'mac-address': NO_BRIDGE,
  'net-alias': NO_BRIDGE,
  'network-alias': NO_BRIDGE,
  'storage-opt':
    'needs quotas of the file system, which are not offered: use --tmpfs /path:size=… for a limited directory',
  'use-api-socket': 'gives a daemon’s socket to the container, and there is no daemon',
};

/** Docker's `--restart` for one that never does. */
const NO_RESTART = ['', 'no'];

/** Throws a `CommandError`, one line, for a flag of Docker's that needs what there is not without a daemon. */
export function refuseImpossible(flags: Flags): void {
  refusePorts(flags);
  for (const [name, reason] of Object.entries(REASONS))
    if (flags.changed(name)) throw new CommandError(`--${name} ${reason}`);
  const restart = flags.string('restart') ?? '';
  if (!NO_RESTART.includes(restart) && flags.bool('rm'))
    throw new CommandError('conflicting options: cannot specify both --restart and --rm');
  refuseRestartPolicy(restart);
  const isolation = flags.string('isolation');
  if (isolation && isolation !== 'default')
    throw new CommandError(`Invalid isolation: ${JSON.stringify(isolation)} - linux only supports 'default'`);
}

/** Without a bridge there is no address of a container's own whose ports could be published. */
function refusePorts(flags: Flags): void {
  if (flags.list('publish').length === 0 && !flags.bool('publish-all')) return;
  throw new CommandError(
    'ports are not published: with --network host, the default, the container listens on the host itself',
  );
}

/** Throws a `CommandError` for a policy that somebody would have to be there for, or that is none. */
export function refuseRestartPolicy(policy: string): void {
  if (NO_RESTART.includes(policy)) return;
  if (!/^(?:always|unless-stopped|on-failure(?::\d+)?)$/.test(policy))
    throw new CommandError(`invalid restart policy '${policy}'`);
  throw new CommandError(
    `--restart ${policy} needs a daemon: let the system's own, such as systemd, run "wherry start -a NAME"`,
  );
}
