import { type ContainerOptions, type LogSettings, parseDuration } from '@wherry/core';
import { CommandError } from '../../errors.ts';
import type { Flags } from '../../flags.ts';
import { badValue, pairsOf, someOf } from '../flag-value.ts';
import { parseBytes } from './container-limits.ts';

/** nat.ParsePortRange takes no more. */
const MAX_PORT = 65_535;
const MIN_CHECK_NANOSECONDS = 1e6;

const CHECK_TIMES = {
  'health-interval': 'Interval',
  'health-timeout': 'Timeout',
  'health-start-period': 'StartPeriod',
  'health-start-interval': 'StartInterval',
} as const;

/** What is only recorded: `--expose` and the flags of health checks. Throws `CommandError` in Docker's words. */
export function recordedFlags(flags: Flags): Pick<ContainerOptions, 'exposedPorts' | 'healthcheck'> {
  return { ...someOf('exposedPorts', flags.list('expose').flatMap(portsOf)), ...healthcheck(flags) };
}

/** `80`, `80-82/udp`. */
export function portsOf(text: string): string[] {
  const [range = '', protocol = 'tcp'] = text.split('/');
  const [first, last] = range.split('-').map((port) => portOf(port, text));
  const [from, to] = [first ?? 0, last ?? first ?? 0];
  if (to < from)
    throw new CommandError(
      `invalid range format for --expose: ${text}, error: invalid range specified for port`,
    );
  return Array.from({ length: to - from + 1 }, (_, index) => `${from + index}/${protocol.toLowerCase()}`);
}

function portOf(port: string, text: string): number {
  const number = /^\d+$/.test(port) ? Number(port) : Number.NaN;
  if (number <= MAX_PORT) return number;
  const fault = Number.isNaN(number) ? 'invalid syntax' : 'value out of range';
  throw new CommandError(
    `invalid range format for --expose: ${text}, error: strconv.ParseUint: parsing ${JSON.stringify(port)}: ${fault}`,
  );
}

function healthcheck(flags: Flags): Pick<ContainerOptions, 'healthcheck'> {
  const command = flags.string('health-cmd');
  const retries = flags.int('health-retries') ?? 0;
  const times = Object.entries(CHECK_TIMES).flatMap(([flag, field]) => {
    const text = flags.string(flag);
    return text === undefined ? [] : [[field, durationOf(text, flag)] as const];
  });
  const isGiven = command !== undefined || retries !== 0 || times.length > 0;
  if (flags.bool('no-healthcheck')) {
    if (isGiven) throw new CommandError('--no-healthcheck conflicts with --health-* options');
    return { healthcheck: { Test: ['NONE'] } };
  }
  if (!isGiven) return {};
  if (retries < 0) throw new CommandError('--health-retries cannot be negative');
  return {
    healthcheck: {
      ...(command !== undefined && { Test: ['CMD-SHELL', command] }),
      ...Object.fromEntries(times.filter(([, time]) => time !== 0)),
      ...(retries > 0 && { Retries: retries }),
    },
  };
}

function durationOf(text: string, flag: string): number {
  let time: number;
  try {
    time = parseDuration(text);
  } catch (error) {
    throw badValue(text, `--${flag}`, (error as Error).message);
  }
  if (time < 0) throw new CommandError(`--${flag} cannot be negative`);
  if (time === 0 || time >= MIN_CHECK_NANOSECONDS) return time;
  throw new CommandError(
    `${CHECK_TIMES[flag as keyof typeof CHECK_TIMES]} in Healthcheck cannot be less than 1ms`,
  );
}

/** `--log-driver` and `--log-opt`. Throws `CommandError`. */
export function logFlags(flags: Flags): Pick<ContainerOptions, 'log'> {
  const driver = flags.string('log-driver') || 'json-file';
  const options = pairsOf(flags.list('log-opt'));
  if (driver !== 'json-file' && driver !== 'none')
    throw new CommandError(`--log-driver ${driver} is not offered: use json-file, or none`);
  const names = Object.keys(options);
  if (driver === 'none' && names.length > 0)
    throw new CommandError('invalid logging opts for driver none: there is no log that they could be about');
  for (const name of names)
    if (name !== 'max-size' && name !== 'max-file')
      throw new CommandError(`unknown log opt '${name}' for json-file log driver`);
  if (driver === 'json-file' && names.length === 0) return {};
  return { log: { driver, ...(names.length > 0 && { options, ...logLimits(options) }) } };
}

function logLimits(options: Readonly<Record<string, string>>): Pick<LogSettings, 'maxBytes' | 'maxFiles'> {
  const { 'max-size': size, 'max-file': files } = options;
  if (files !== undefined && !/^[1-9]\d{0,5}$/.test(files))
    throw new CommandError('max-file cannot be less than 1');
  if (files !== undefined && Number(files) > 1 && size === undefined)
    throw new CommandError('max-file cannot be used without max-size');
  const maxBytes = size === undefined || size === '-1' ? undefined : parseBytes(size, 'log-opt');
  if (maxBytes === 0) throw new CommandError('max-size must be a positive number');
  return {
    ...(maxBytes !== undefined && { maxBytes }),
    ...(files !== undefined && { maxFiles: Number(files) }),
  };
}
