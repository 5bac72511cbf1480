import type { ChangeableLimits, ContainerOptions, ResourceLimits, Ulimit } from '@wherry/core';
import { CommandError } from '../../errors.ts';
import type { Flags } from '../../flags.ts';
import { badValue, someOf } from '../flag-value.ts';
import { deviceLimitFlags } from './container-devices.ts';

const UNITS = 'kmgtp';
const NANO = 1e9;
/** setrlimit(2) of Linux. */
const ULIMITS = new Set([
  ...['as', 'core', 'cpu', 'data', 'fsize', 'locks', 'memlock', 'msgqueue', 'nice', 'nofile', 'nproc'],
  ...['rss', 'rtprio', 'rttime', 'sigpending', 'stack'],
]);

/** Limits that are numbers as they are, by their flags. */
const NUMBERS = {
  'blkio-weight': 'blkioWeight',
  'cpu-period': 'cpuPeriod',
  'cpu-quota': 'cpuQuota',
  'cpu-rt-period': 'cpuRealtimePeriod',
  'cpu-rt-runtime': 'cpuRealtimeRuntime',
  'cpu-shares': 'cpuShares',
  'pids-limit': 'pidsLimit',
} as const satisfies Record<string, keyof ChangeableLimits>;

/** The flags of limits. Throws `CommandError` in Docker's words. */
export function limitFlags(flags: Flags): ContainerOptions {
  const [cgroupParent, shmSize] = [flags.string('cgroup-parent'), flags.string('shm-size')];
  const oomScoreAdj = flags.int('oom-score-adj');
  const resources = { ...resourceFlags(flags), ...deviceLimitFlags(flags) };
  return {
    ...(cgroupParent && { cgroupParent }),
    ...(shmSize && { shmSizeBytes: parseBytes(shmSize, 'shm-size') }),
    ...(oomScoreAdj !== undefined && { oomScoreAdj }),
    ...someOf('ulimits', flags.list('ulimit').map(ulimitOf)),
    ...(Object.keys(resources).length > 0 && { resources }),
  };
}

function resourceFlags(flags: Flags): ResourceLimits {
  const swappiness = flags.int('memory-swappiness') ?? -1;
  if (swappiness < -1 || swappiness > 100)
    throw new CommandError(`invalid value: ${swappiness}. Valid memory swappiness range is 0-100`);
  return {
    ...changeableLimits(flags),
    ...(swappiness >= 0 && { memorySwappiness: swappiness }),
    ...(flags.bool('oom-kill-disable') && { oomKillDisable: true }),
  };
}

/** The limits that a container can be given later, too. Throws `CommandError` in Docker's words. */
export function changeableLimits(flags: Flags): ChangeableLimits {
  const [cpus, cpusetCpus, cpusetMems] = ['cpus', 'cpuset-cpus', 'cpuset-mems'].map((name) =>
    flags.string(name),
  );
  const numbers = Object.entries(NUMBERS).flatMap(([flag, name]) => {
    const number = flags.int(flag);
    return number === undefined ? [] : [[name, number]];
  });
  return {
    ...memoryFlags(flags),
    ...(cpus && { nanoCpus: parseCpus(cpus) }),
    ...(cpusetCpus && { cpusetCpus }),
    ...(cpusetMems && { cpusetMems }),
    ...Object.fromEntries(numbers),
  };
}

function memoryFlags(flags: Flags): ChangeableLimits {
  const [memory, reservation, swap] = ['memory', 'memory-reservation', 'memory-swap'].map((name) =>
    flags.string(name),
  );
  return {
    ...(memory && { memoryBytes: parseBytes(memory, 'memory') }),
    ...(reservation && { memoryReservationBytes: parseBytes(reservation, 'memory-reservation') }),
    ...(swap && { memorySwapBytes: swap === '-1' ? -1 : parseBytes(swap, 'memory-swap') }),
  };
}

/** The value of a flag that counts bytes. Throws `CommandError`. */
export function parseBytes(text: string, flag: string): number {
  const bytes = bytesOf(text);
  if (bytes !== undefined) return bytes;
  throw new CommandError(
    `invalid argument ${JSON.stringify(text)} for "--${flag}" flag: invalid size: '${text}'`,
  );
}

/** Bytes with a binary unit, `64m`, `1.5GiB`. docker/go-units, `RAMInBytes`. */
export function bytesOf(text: string): number | undefined {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?$/i.exec(text) ?? [];
  if (number === '') return undefined;
  return Math.trunc(Number(number) * 1024 ** (unit === '' ? 0 : UNITS.indexOf(unit.toLowerCase()) + 1));
}

/** Billionths of a CPU. */
export function parseCpus(text: string): number {
  const cpus = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(cpus))
    throw new CommandError(
      `invalid argument ${JSON.stringify(text)} for "--cpus" flag: failed to parse ${text} as a rational number`,
    );
  return Math.round(cpus * NANO);
}

/** `nofile=1024:2048`; one number is both. Throws `CommandError`. */
export function ulimitOf(text: string): Ulimit {
  const read = readUlimit(text);
  if (typeof read === 'string') throw badValue(text, '--ulimit', read);
  return read;
}

/** The same, or what is wrong with it. docker/go-units, `ParseUlimit`. */
export function readUlimit(text: string): Ulimit | string {
  const [, name = '', first = '', second = first] = /^([^=]+)=(-?\d+)(?::(-?\d+))?$/.exec(text) ?? [];
  if (name === '') return `invalid ulimit argument: ${text}`;
  if (!ULIMITS.has(name)) return `invalid ulimit type: ${name}`;
  const [soft, hard] = [Number(first), Number(second)];
  if (hard !== -1 && (soft === -1 || soft > hard))
    return `ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`;
  return { name, soft, hard };
}
