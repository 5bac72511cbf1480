import { type ContainerOptions, WherryError } from '@wherry/core';
import { ApiError } from '../api-error.ts';
import { type Fields, ifSet, someOf } from './fields.ts';
import { limits } from './host-limits.ts';
import { mounts } from './host-mounts.ts';

/** What a `HostConfig` comes to. */
export interface HostPart {
  readonly options: ContainerOptions;
  readonly autoRemove: boolean;
}

const LOG_OPTIONS = new Set(['max-size', 'max-file']);
const UNITS = 'kmg';

/** Reads a `HostConfig`. Throws `ApiError`, `UNSUPPORTED`. */
export function hostPart(
  host: Fields,
  { isNetworkDisabled }: { readonly isNetworkDisabled: boolean },
): HostPart {
  const [rows = 0, columns = 0] = host.numbers('ConsoleSize');
  const options: ContainerOptions = {
    ...someOf('groupAdd', host.texts('GroupAdd')),
    ...confinement(host),
    ...namespaces(host, isNetworkDisabled),
    ...someOf('dns', host.texts('Dns')),
    ...someOf('dnsOptions', host.texts('DnsOptions')),
    ...someOf('dnsSearch', host.texts('DnsSearch')),
    ...someOf('extraHosts', host.texts('ExtraHosts')),
    ...mounts(host),
    ...limits(host),
    ...(host.keys('Sysctls').length > 0 && { sysctls: host.map('Sysctls') }),
    ...(host.keys('Annotations').length > 0 && { annotations: host.map('Annotations') }),
    ...ifSet('init', host.flag('Init')),
    ...ifSet('runtime', host.text('Runtime')),
    ...(rows > 0 && columns > 0 && { consoleSize: { rows, columns } }),
    ...logs(host.object('LogConfig')),
  };
  return { options, autoRemove: host.flag('AutoRemove') };
}

function confinement(host: Fields): ContainerOptions {
  const security = securityOf(host.texts('SecurityOpt'));
  return {
    ...ifSet('readOnlyRootfs', host.flag('ReadonlyRootfs')),
    ...ifSet('privileged', host.flag('Privileged')),
    ...someOf('capAdd', host.texts('CapAdd')),
    ...someOf('capDrop', host.texts('CapDrop')),
    ...(security && { security }),
  };
}

/** A profile for seccomp comes as its text. */
export function securityOf(texts: readonly string[]): ContainerOptions['security'] {
  let security: ContainerOptions['security'];
  for (const text of texts) {
    const [, name = '', value] = /^([^=:]+)(?:[=:](.*))?$/s.exec(text) ?? [];
    if (name === 'no-new-privileges' && (value === undefined || value === 'true' || value === 'false'))
      security = { ...security, noNewPrivileges: value !== 'false' };
    else if (name === 'seccomp' && value) security = { ...security, seccomp: value };
    // There is no SELinux and no AppArmor that could be turned off.
    else if ((name === 'label' && value === 'disable') || (name === 'apparmor' && value === 'unconfined'))
      continue;
    else throw new ApiError(400, `invalid --security-opt: ${JSON.stringify(text)}`);
  }
  return security;
}

function namespaces(host: Fields, isNetworkDisabled: boolean): ContainerOptions {
  const mode = host.text('NetworkMode');
  const [pid, ipc] = [host.text('PidMode'), host.text('IpcMode')];
  const [uts, userns, cgroupns] = [host.text('UTSMode'), host.text('UsernsMode'), host.text('CgroupnsMode')];
  refuseOthers('pid', pid);
  refuseOthers('ipc', ipc);
  for (const [name, value] of [
    ['PID', pid],
    ['UTS', uts],
    ['user namespace', userns],
  ] as const)
    if (value !== '' && value !== 'host') throw new ApiError(400, `invalid ${name} mode: ${value}`);
  if (cgroupns !== '' && cgroupns !== 'host' && cgroupns !== 'private')
    throw new ApiError(400, `invalid cgroup namespace mode: ${cgroupns}`);
  return {
    network: mode === 'none' || isNetworkDisabled ? 'none' : 'host',
    ...(pid && { pid: 'host' as const }),
    ...(ipc && { ipc: ipcMode(ipc) }),
    // Who asks for the host's network gets its name too, as with Docker; who asks for none in particular does not.
    ...(uts ? { uts: 'host' as const } : mode !== 'host' && mode !== 'none' && { uts: 'private' as const }),
    ...(userns && { userns: 'host' as const }),
    ...(cgroupns && { cgroupns }),
  };
}

function ipcMode(mode: string): 'host' | 'none' | 'private' {
  // Nobody else could share it.
  if (mode === 'shareable') return 'private';
  if (mode === 'host' || mode === 'none' || mode === 'private') return mode;
  throw new ApiError(400, `invalid IPC mode: ${mode}`);
}

function refuseOthers(name: string, mode: string): void {
  if (!mode.startsWith('container:')) return;
  throw new WherryError(
    'UNSUPPORTED',
    `--${name} ${mode} is not offered: share the host's with --${name} host, or run both programs in one container`,
  );
}

function logs(config: Fields): Pick<ContainerOptions, 'log'> {
  const driver = config.text('Type') || 'json-file';
  const options = config.map('Config');
  if (driver !== 'json-file' && driver !== 'none')
    throw new WherryError('UNSUPPORTED', `--log-driver ${driver} is not offered: use json-file, or none`);
  const names = Object.keys(options);
  const unknown = names.find((name) => driver === 'none' || !LOG_OPTIONS.has(name));
  if (unknown !== undefined) throw new ApiError(400, `unknown log opt '${unknown}' for ${driver} log driver`);
  if (driver === 'json-file' && names.length === 0) return {};
  const { 'max-size': size, 'max-file': files } = options;
  if (files !== undefined && !/^[1-9]\d{0,5}$/.test(files))
    throw new ApiError(400, 'max-file cannot be less than 1');
  if (files !== undefined && Number(files) > 1 && size === undefined)
    throw new ApiError(400, 'max-file cannot be used without max-size');
  return {
    log: {
      driver,
      ...(names.length > 0 && { options }),
      ...(size !== undefined && size !== '-1' && { maxBytes: sizeOf(size) }),
      ...(files !== undefined && { maxFiles: Number(files) }),
    },
  };
}

/** `10m`. */
function sizeOf(text: string): number {
  const [, number = '', unit = ''] = /^(\d+) ?([kmg]?)(?:i?b)?$/i.exec(text) ?? [];
  const bytes = Number(number) * 1024 ** (unit === '' ? 0 : UNITS.indexOf(unit.toLowerCase()) + 1);
  if (number === '' || bytes === 0) throw new ApiError(400, `invalid size: '${text}'`);
  return bytes;
}
