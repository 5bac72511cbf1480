import { WherryError } from '@wherry/core';
import { ApiError } from '../api-error.ts';
import type { Fields } from './fields.ts';

const NO_BRIDGE = 'needs a bridge network, which is not offered: use --network host, or --network none';
const NO_RESTART = new Set(['', 'no']);
const POLICIES = new Set(['always', 'unless-stopped', 'on-failure']);
/** Those that mean the host's network, for want of a bridge, and those that are offered. */
const NETWORKS = new Set(['', 'default', 'bridge', 'host', 'none']);
/** Of Windows alone. */
const WINDOWS_LIMITS = ['CpuCount', 'CpuPercent', 'IOMaximumIOps', 'IOMaximumBandwidth'];

/**
 * Throws, in the one line that the command line has for it, where a container shall have what is not offered without
 * a bridge network and a daemon.
 */
export function refuseImpossible(body: Fields, host: Fields): void {
  refusePorts(host);
  refuseNetworks(body, host);
  refuseRestart(host.object('RestartPolicy').text('Name'), host.flag('AutoRemove'));
  refuseOthers(body, host);
  const isolation = host.text('Isolation');
  if (isolation !== '' && isolation !== 'default')
    throw new ApiError(
      400,
      `Invalid isolation: ${JSON.stringify(isolation)} - linux only supports 'default'`,
    );
}

function refusePorts(host: Fields): void {
  if (host.keys('PortBindings').length === 0 && !host.flag('PublishAllPorts')) return;
  throw unsupported(
    'ports are not published: with --network host, the default, the container listens on the host itself',
  );
}

function refuseNetworks(body: Fields, host: Fields): void {
  if (host.texts('Links').length > 0) throw unsupported(`--link ${NO_BRIDGE}`);
  if (body.text('MacAddress') !== '') throw unsupported(`--mac-address ${NO_BRIDGE}`);
  requireNetwork(host.text('NetworkMode'));
  const endpoints = body.object('NetworkingConfig').object('EndpointsConfig');
  for (const name of body.object('NetworkingConfig').keys('EndpointsConfig')) {
    requireNetwork(name);
    const endpoint = endpoints.object(name);
    const address = endpoint.object('IPAMConfig');
    if (address.text('IPv4Address') !== '') throw unsupported(`--ip ${NO_BRIDGE}`);
    if (address.text('IPv6Address') !== '') throw unsupported(`--ip6 ${NO_BRIDGE}`);
    if (address.texts('LinkLocalIPs').length > 0) throw unsupported(`--link-local-ip ${NO_BRIDGE}`);
    if (endpoint.texts('Links').length > 0) throw unsupported(`--link ${NO_BRIDGE}`);
    if (endpoint.texts('Aliases').length > 0) throw unsupported(`--network-alias ${NO_BRIDGE}`);
    if (endpoint.text('MacAddress') !== '') throw unsupported(`--mac-address ${NO_BRIDGE}`);
  }
}

function requireNetwork(name: string): void {
  if (NETWORKS.has(name)) return;
  throw unsupported(`network ${name} is not offered: use --network host, or --network none`);
}

/** Throws for a policy that somebody would have to be there for, or that is none. */
export function refuseRestart(policy: string, isRemoved: boolean): void {
  if (NO_RESTART.has(policy)) return;
  if (!POLICIES.has(policy)) throw new ApiError(400, `invalid restart policy '${policy}'`);
  if (isRemoved) throw new ApiError(400, "can't create 'AutoRemove' container with restart policy");
  throw unsupported(
    `--restart ${policy} needs a daemon: let the system's own, such as systemd, run "wherry start -a NAME"`,
  );
}

function refuseOthers(body: Fields, host: Fields): void {
  if (host.objects('DeviceRequests').length > 0)
    throw unsupported(
      '--gpus needs a hook of the vendor in the runtime: give the device files to the container with --device',
    );
  refuseKernelMemory(host);
  if (host.keys('StorageOpt').length > 0)
    throw unsupported(
      '--storage-opt needs quotas of the file system, which are not offered: use --tmpfs /path:size=… for a limited directory',
    );
  const driver = host.text('VolumeDriver');
  if (driver !== '' && driver !== 'local')
    throw unsupported(`the volume driver ${driver} is not offered, only local is`);
  for (const name of ['MaskedPaths', 'ReadonlyPaths'])
    if (host.has(name)) throw unsupported(`${name} is not offered: use --privileged for paths without masks`);
  for (const name of WINDOWS_LIMITS)
    if (host.number(name) !== 0) throw unsupported(`${name} is a limit of Windows, which is not offered`);
  if (host.text('Cgroup') !== '') throw unsupported('the cgroup of another container is not offered');
  for (const name of ['OnBuild', 'Shell'])
    if (body.texts(name).length > 0)
      throw unsupported(`${name} is not offered for a container: give it to the image with commit --change`);
}

export function refuseKernelMemory(host: Fields): void {
  if (host.number('KernelMemory') === 0 && host.number('KernelMemoryTCP') === 0) return;
  throw unsupported(
    '--kernel-memory is no limit that Linux still has: use --memory, which counts the kernel’s memory too',
  );
}

function unsupported(message: string): WherryError {
  return new WherryError('UNSUPPORTED', message);
}
