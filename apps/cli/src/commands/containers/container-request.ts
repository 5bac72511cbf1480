import type { ContainerOptions, CreateContainerRequest } from '@wherry/core';
import type { CommandContext } from '../../command.ts';
import type { Flags } from '../../flags.ts';
import { someOf } from '../flag-value.ts';
import { platformFlag } from '../platform-flag.ts';
import { proxyVariables } from '../proxy-variables.ts';
import { attachedStreams } from './attach-flag.ts';
import { deviceFlags } from './container-devices.ts';
import { environmentOf } from './container-env.ts';
import { limitFlags } from './container-limits.ts';
import { mountFlags } from './container-mounts.ts';
import { labelFlags, nameFlags, settingFlags } from './container-names.ts';
import { namespaceFlags } from './container-namespaces.ts';
import { logFlags, recordedFlags } from './container-records.ts';
import { refuseImpossible } from './container-refusals.ts';
import { securityOf } from './container-security.ts';
import { volumeFlags } from './container-volumes.ts';

/** What the flags of `run` and `create` ask for. Throws `CommandError` in Docker's words. */
export async function containerRequest(context: CommandContext): Promise<CreateContainerRequest> {
  const { args, flags, io } = context;
  const [image = '', ...command] = args;
  refuseImpossible(flags);
  const name = flags.string('name');
  const stopSignal = flags.string('stop-signal');
  const stopTimeoutSeconds = flags.int('stop-timeout');
  const openStdin = flags.bool('interactive');
  const attached = attachedStreams(flags);
  const options: ContainerOptions = {
    ...(command.length > 0 && { command }),
    ...(flags.changed('entrypoint') && { entrypoint: [flags.string('entrypoint') ?? ''] }),
    ...(await environmentOf(flags, io.env, await proxyVariables(context))),
    ...identity(flags),
    ...(await confinement(flags)),
    ...namespaceFlags(flags),
    ...nameFlags(flags),
    ...settingFlags(flags),
    ...mountFlags(flags),
    ...volumeFlags(flags),
    ...deviceFlags(flags),
    ...limitFlags(flags),
    ...recordedFlags(flags),
    ...logFlags(flags),
  };
  return {
    image,
    options,
    ...platformFlag(flags, io.env),
    ...(name !== undefined && { name }),
    labels: await labelFlags(flags),
    attached,
    ...{ openStdin, stdinOnce: openStdin && attached.includes('stdin') },
    ...(flags.bool('rm') && { autoRemove: true }),
    ...(stopSignal !== undefined && { stopSignal }),
    ...(stopTimeoutSeconds !== undefined && { stopTimeoutSeconds }),
  };
}

function identity(flags: Flags): ContainerOptions {
  const [user, workingDir, hostname] = ['user', 'workdir', 'hostname'].map((name) => flags.string(name));
  const [domainname, runtime] = [flags.string('domainname'), flags.string('runtime')];
  return {
    ...(user && { user }),
    ...(workingDir && { workingDir }),
    ...(hostname && { hostname }),
    ...(domainname && { domainname }),
    ...(runtime && { runtime }),
    ...someOf('groupAdd', flags.list('group-add')),
    ...(flags.bool('tty') && { tty: true }),
    ...(flags.bool('init') && { init: true }),
  };
}

async function confinement(flags: Flags): Promise<ContainerOptions> {
  const [capAdd, capDrop] = [flags.strings('cap-add'), flags.strings('cap-drop')];
  const security = await securityOf(flags.list('security-opt'));
  return {
    ...(flags.bool('read-only') && { readOnlyRootfs: true }),
    ...(flags.bool('privileged') && { privileged: true }),
    ...(capAdd.length > 0 && { capAdd }),
    ...(capDrop.length > 0 && { capDrop }),
    ...(security && { security }),
  };
}
