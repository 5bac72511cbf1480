import { readFile } from 'node:fs/promises';
import type { ContainerOptions, CreateContainerRequest } from '@wherry/core';
import type { CommandContext } from '../command.ts';
import { CommandError, fileError } from '../errors.ts';
import type { Flags } from '../flags.ts';
import { environmentOf } from './container-env.ts';
import { resourceFlags, ulimitOf } from './container-limits.ts';
import { mountFlags } from './container-mounts.ts';
import { volumeFlags } from './container-volumes.ts';
import { platformFlag } from './platform-flag.ts';

/** What the flags of `run` and `create` ask for. Throws `CommandError` in Docker's words. */
export async function containerRequest({ args, flags, io }: CommandContext): Promise<CreateContainerRequest> {
  const [image = '', ...command] = args;
  refusePorts(flags);
  const name = flags.string('name');
  const stopSignal = flags.string('stop-signal');
  const stopTimeoutSeconds = flags.int('stop-timeout');
  const openStdin = flags.bool('interactive');
  const options: ContainerOptions = {
    ...(command.length > 0 && { command }),
    ...(flags.changed('entrypoint') && { entrypoint: [flags.string('entrypoint') ?? ''] }),
    ...(await environmentOf(flags, io.env)),
    ...identity(flags),
    ...(await confinement(flags)),
    network: networkFlag(flags),
    ...mountFlags(flags),
    ...volumeFlags(flags),
    ...resourceFlags(flags),
    ...(flags.list('ulimit').length > 0 && { ulimits: flags.list('ulimit').map(ulimitOf) }),
  };
  return {
    image,
    options,
    ...platformFlag(flags, io.env),
    ...(name !== undefined && { name }),
    labels: labelsOf(flags.list('label')),
    ...(openStdin && { openStdin, stdinOnce: true }),
    ...(flags.bool('rm') && { autoRemove: true }),
    ...(stopSignal !== undefined && { stopSignal }),
    ...(stopTimeoutSeconds !== undefined && { stopTimeoutSeconds }),
  };
}

function identity(flags: Flags): ContainerOptions {
  const [user, workingDir, hostname] = ['user', 'workdir', 'hostname'].map((name) => flags.string(name));
  const [groupAdd, extraHosts] = [flags.list('group-add'), flags.list('add-host')];
  return {
    ...(user && { user }),
    ...(workingDir && { workingDir }),
    ...(hostname && { hostname }),
    ...(groupAdd.length > 0 && { groupAdd }),
    ...(extraHosts.length > 0 && { extraHosts }),
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

/** Without a bridge there is no address of a container's own whose ports could be published. */
function refusePorts(flags: Flags): void {
  if (flags.list('publish').length === 0 && !flags.bool('publish-all')) return;
  throw new CommandError(
    'ports are not published: with --network host, the default, the container listens on the host itself',
  );
}

function networkFlag(flags: Flags): 'host' | 'none' {
  const network = (flags.changed('net') ? flags.string('net') : flags.string('network')) ?? 'host';
  if (network === 'host' || network === 'none') return network;
  throw new CommandError(`network ${network} is not offered: use --network host, or --network none`);
}

async function securityOf(texts: readonly string[]): Promise<ContainerOptions['security']> {
  let security: ContainerOptions['security'];
  for (const text of texts) {
    const [, name = '', value] = /^([^=:]+)(?:[=:](.*))?$/s.exec(text) ?? [];
    if (name === 'no-new-privileges' && (value === undefined || value === 'true' || value === 'false'))
      security = { ...security, noNewPrivileges: value !== 'false' };
    else if (name === 'seccomp' && value) security = { ...security, seccomp: await seccompOf(value) };
    else throw new CommandError(`invalid --security-opt: ${JSON.stringify(text)}`);
  }
  return security;
}

async function seccompOf(value: string): Promise<string> {
  if (value === 'unconfined') return value;
  try {
    return await readFile(value, 'utf8');
  } catch (error) {
    throw fileError(error, 'opening seccomp profile', value);
  }
}

function labelsOf(texts: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    texts.map((text) => {
      const equals = text.indexOf('=');
      return equals < 0 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
    }),
  );
}
