import type { ContainerOptions, DeviceLimit, DeviceMapping } from '@wherry/core';
import { CommandError } from '../../errors.ts';
import type { Flags } from '../../flags.ts';
import { badValue, someOf } from '../flag-value.ts';
import { parseBytes } from './container-limits.ts';

const RULE = /^[acb] (?:[0-9]+|\*):(?:[0-9]+|\*) [rwm]{1,3}$/;
const MIN_WEIGHT = 10;
const MAX_WEIGHT = 1000;

/** `--device` and `--device-cgroup-rule`. Throws `CommandError` in Docker's words. */
export function deviceFlags(flags: Flags): Pick<ContainerOptions, 'devices' | 'deviceRules'> {
  const rules = flags.list('device-cgroup-rule');
  for (const rule of rules)
    if (!RULE.test(rule))
      throw badValue(rule, '--device-cgroup-rule', `invalid device cgroup format '${rule}'`);
  return { ...someOf('devices', flags.list('device').map(deviceOf)), ...someOf('deviceRules', rules) };
}

/** `host[:container][:rwm]`. */
export function deviceOf(text: string): DeviceMapping {
  const [source = '', ...others] = text.split(':');
  const [second, third, ...rest] = others;
  if (source === '' || rest.length > 0) throw new CommandError(`invalid device specification: ${text}`);
  const isMode = third === undefined && second !== undefined && isAccess(second);
  const access = (isMode ? second : third) || 'rwm';
  if (!isAccess(access)) throw new CommandError(`bad mode specified: ${access}`);
  return { pathOnHost: source, pathInContainer: (isMode ? undefined : second) || source, access };
}

function isAccess(text: string): boolean {
  return /^[rwm]{1,3}$/.test(text) && new Set(text).size === text.length;
}

/** The limits that hold for one device each. Throws `CommandError` in Docker's words. */
export function deviceLimitFlags(flags: Flags) {
  const bps = (flag: string) => flags.list(flag).map((text) => limitOf(text, flag, bytesOf));
  const iops = (flag: string) => flags.list(flag).map((text) => limitOf(text, flag, numberOf));
  const weights = flags.list('blkio-weight-device').map(weightOf);
  return {
    ...someOf('blkioWeightDevices', weights),
    ...someOf('blkioReadBps', bps('device-read-bps')),
    ...someOf('blkioWriteBps', bps('device-write-bps')),
    ...someOf('blkioReadIops', iops('device-read-iops')),
    ...someOf('blkioWriteIops', iops('device-write-iops')),
  };
}

function weightOf(text: string): DeviceLimit {
  const limit = limitOf(text, 'blkio-weight-device', (value) => (/^\d+$/.test(value) ? Number(value) : -1));
  if (limit.value === 0 || (limit.value >= MIN_WEIGHT && limit.value <= MAX_WEIGHT)) return limit;
  throw badValue(text, '--blkio-weight-device', `invalid weight for device: ${text}`);
}

function limitOf(
  text: string,
  flag: string,
  read: (value: string, text: string, flag: string) => number,
): DeviceLimit {
  const [path = '', value = '', ...rest] = text.split(':');
  if (value === '' || rest.length > 0) throw badValue(text, `--${flag}`, `bad format: ${text}`);
  if (!path.startsWith('/dev/')) throw badValue(text, `--${flag}`, `bad format for device path: ${text}`);
  return { path, value: read(value, text, flag) };
}

function bytesOf(value: string, text: string, flag: string): number {
  try {
    return parseBytes(value, flag);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw badRate(
      text,
      flag,
      '<device-path>:<number>[<unit>]',
      '. Unit is optional and can be kb, mb, or gb',
    );
  }
}

function numberOf(value: string, text: string, flag: string): number {
  if (/^\d{1,15}$/.test(value)) return Number(value);
  throw badRate(text, flag, '<device-path>:<number>', '');
}

function badRate(text: string, flag: string, form: string, more: string): CommandError {
  const fault = `invalid rate for device: ${text}. The correct format is ${form}. Number must be a positive integer${more}`;
  return badValue(text, `--${flag}`, fault);
}
