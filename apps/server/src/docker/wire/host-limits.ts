import type { ContainerOptions, DeviceLimit, DeviceMapping, ResourceLimits, Ulimit } from '@wherry/core';
import { ApiError } from '../api-error.ts';
import { type Fields, ifSet, someOf } from './fields.ts';

const RULE = /^[acb] (?:[0-9]+|\*):(?:[0-9]+|\*) [rwm]{1,3}$/;
const MAX_SWAPPINESS = 100;

/** What a `HostConfig` says of limits and devices. Throws `ApiError`. */
export function limits(host: Fields): ContainerOptions {
  const resources = resourceLimits(host);
  return {
    ...ifSet('cgroupParent', host.text('CgroupParent')),
    ...ifSet('shmSizeBytes', host.number('ShmSize')),
    ...ifSet('oomScoreAdj', host.number('OomScoreAdj')),
    ...someOf('ulimits', host.objects('Ulimits').map(ulimitOf)),
    ...someOf('devices', host.objects('Devices').map(deviceOf)),
    ...someOf('deviceRules', host.texts('DeviceCgroupRules').map(requireRule)),
    ...(Object.keys(resources).length > 0 && { resources }),
  };
}

/** `{"Name":"nofile","Soft":1024,"Hard":2048}`. */
export function ulimitOf(limit: Fields): Ulimit {
  return { name: limit.text('Name'), soft: limit.number('Soft'), hard: limit.number('Hard') };
}

/** The limits among them. Throws `ApiError`. */
export function resourceLimits(host: Fields): ResourceLimits {
  const swappiness = host.has('MemorySwappiness') ? host.number('MemorySwappiness') : -1;
  if (swappiness < -1 || swappiness > MAX_SWAPPINESS)
    throw new ApiError(400, `Invalid value: ${swappiness}, valid memory swappiness range is 0-100`);
  return {
    ...ifSet('memoryBytes', host.number('Memory')),
    ...ifSet('memoryReservationBytes', host.number('MemoryReservation')),
    ...ifSet('memorySwapBytes', host.number('MemorySwap')),
    ...(swappiness >= 0 && { memorySwappiness: swappiness }),
    ...ifSet('oomKillDisable', host.flag('OomKillDisable')),
    ...ifSet('nanoCpus', host.number('NanoCpus')),
    ...ifSet('cpuShares', host.number('CpuShares')),
    ...ifSet('cpuQuota', host.number('CpuQuota')),
    ...ifSet('cpuPeriod', host.number('CpuPeriod')),
    ...ifSet('cpuRealtimePeriod', host.number('CpuRealtimePeriod')),
    ...ifSet('cpuRealtimeRuntime', host.number('CpuRealtimeRuntime')),
    ...ifSet('cpusetCpus', host.text('CpusetCpus')),
    ...ifSet('cpusetMems', host.text('CpusetMems')),
    ...ifSet('pidsLimit', host.number('PidsLimit')),
    ...ifSet('blkioWeight', host.number('BlkioWeight')),
    ...someOf('blkioWeightDevices', deviceLimits(host, 'BlkioWeightDevice', 'Weight')),
    ...someOf('blkioReadBps', deviceLimits(host, 'BlkioDeviceReadBps', 'Rate')),
    ...someOf('blkioWriteBps', deviceLimits(host, 'BlkioDeviceWriteBps', 'Rate')),
    ...someOf('blkioReadIops', deviceLimits(host, 'BlkioDeviceReadIOps', 'Rate')),
    ...someOf('blkioWriteIops', deviceLimits(host, 'BlkioDeviceWriteIOps', 'Rate')),
  };
}

function deviceLimits(host: Fields, name: string, value: 'Rate' | 'Weight'): DeviceLimit[] {
  return host.objects(name).map((limit) => ({ path: limit.text('Path'), value: limit.number(value) }));
}

function deviceOf(device: Fields): DeviceMapping {
  const pathOnHost = device.text('PathOnHost');
  const access = device.text('CgroupPermissions') || 'rwm';
  if (pathOnHost === '') throw new ApiError(400, 'invalid device specification: no path on the host');
  if (!/^[rwm]{1,3}$/.test(access)) throw new ApiError(400, `bad mode specified: ${access}`);
  return { pathOnHost, pathInContainer: device.text('PathInContainer') || pathOnHost, access };
}

function requireRule(rule: string): string {
  if (RULE.test(rule)) return rule;
  throw new ApiError(400, `invalid device cgroup format '${rule}'`);
}
