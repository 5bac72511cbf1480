import type { ContainerOptions } from '@wherry/core';
import { CommandError } from '../../errors.ts';
import type { Flags } from '../../flags.ts';

/**
 * `--network`, `--pid`, `--ipc`, `--uts`, `--userns` and `--cgroupns`: what is the container's own, and what the
 * host's. Throws `CommandError`, in Docker's words where Docker has some.
 */
export function namespaceFlags(flags: Flags): ContainerOptions {
  const [pid, uts, userns] = ['pid', 'uts', 'userns'].map((name) => flags.string(name));
  const [ipc, cgroupns] = [flags.string('ipc'), flags.string('cgroupns')];
  refuseOthers('pid', pid);
  refuseOthers('ipc', ipc);
  if (pid && pid !== 'host') throw new CommandError('--pid: invalid PID mode');
  if (uts && uts !== 'host') throw new CommandError('--uts: invalid UTS mode');
  if (uts && flags.string('hostname'))
    throw new CommandError('conflicting options: hostname and the UTS mode');
  if (userns && userns !== 'host') throw new CommandError('--userns: invalid USER mode');
  if (cgroupns && cgroupns !== 'host' && cgroupns !== 'private')
    throw new CommandError('--cgroupns: invalid CGROUP mode');
  return {
    network: networkFlag(flags),
    ...(pid && { pid: 'host' as const }),
    ...(ipc && { ipc: ipcMode(ipc) }),
    ...utsOf(flags, uts),
    ...(userns && { userns: 'host' as const }),
    ...(cgroupns && { cgroupns: cgroupns as 'host' | 'private' }),
  };
}

/** Who asks for the host's network gets its name too, as with Docker; who asks for none in particular does not. */
function utsOf(flags: Flags, uts: string | undefined): ContainerOptions {
  if (uts) return { uts: 'host' };
  return flags.changed('net') || flags.changed('network') ? {} : { uts: 'private' };
}

function networkFlag(flags: Flags): 'host' | 'none' {
  const network = (flags.changed('net') ? flags.string('net') : flags.string('network')) ?? 'host';
  if (network === 'host' || network === 'none') return network;
  throw new CommandError(`network ${network} is not offered: use --network host, or --network none`);
}

function ipcMode(mode: string): 'host' | 'none' | 'private' {
  // Nobody else could share it.
  if (mode === 'shareable') return 'private';
  if (mode === 'host' || mode === 'none' || mode === 'private') return mode;
  throw new CommandError(`invalid IPC mode: ${mode}`);
}

function refuseOthers(name: string, mode: string | undefined): void {
  if (!mode?.startsWith('container:')) return;
  throw new CommandError(
    `--${name} ${mode} is not offered: share the host's with --${name} host, or run both programs in one container`,
  );
}
