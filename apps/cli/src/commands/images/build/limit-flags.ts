import type { BuildLimits, ResourceLimits } from '@wherry/core';
import type { Flags } from '../../../flags.ts';
import { bytesOf, readUlimit } from '../../containers/container-limits.ts';
import { securityOf } from '../../containers/container-security.ts';
import { someOf } from '../../flag-value.ts';
import { badFlag } from './fields.ts';

/** Limits that are what the flag says, by their flags. */
const NUMBERS = {
  'cpu-period': 'cpuPeriod',
  'cpu-quota': 'cpuQuota',
  'cpu-shares': 'cpuShares',
} as const satisfies Record<string, keyof ResourceLimits>;
const TEXTS = {
  'cpuset-cpus': 'cpusetCpus',
  'cpuset-mems': 'cpusetMems',
} as const satisfies Record<string, keyof ResourceLimits>;

/** How `RUN` is confined. Throws `FlagError`, and `CommandError` for `--security-opt`. */
export async function buildLimits(flags: Flags): Promise<{ readonly limits?: BuildLimits }> {
  const resources = resourceFlags(flags);
  const shmSizeBytes = byteFlag(flags, 'shm-size', '--shm-size');
  const cgroupParent = flags.string('cgroup-parent');
  const limits: BuildLimits = {
    ...(Object.keys(resources).length > 0 && { resources }),
    ...(shmSizeBytes !== undefined && { shmSizeBytes }),
    ...(cgroupParent && { cgroupParent }),
    ...someOf('ulimits', flags.list('ulimit').map(ulimit)),
    ...(await securityOf(flags.strings('security-opt'))),
  };
  return Object.keys(limits).length > 0 ? { limits } : {};
}

function resourceFlags(flags: Flags): ResourceLimits {
  const memoryBytes = byteFlag(flags, 'memory', '-m, --memory');
  const swap = flags.string('memory-swap');
  const memorySwapBytes = swap === '-1' ? -1 : byteFlag(flags, 'memory-swap', '--memory-swap');
  const numbers = Object.entries(NUMBERS).map(([flag, name]) => [name, flags.int(flag)] as const);
  const texts = Object.entries(TEXTS).map(([flag, name]) => [name, flags.string(flag)] as const);
  return {
    ...(memoryBytes !== undefined && { memoryBytes }),
    ...(memorySwapBytes !== undefined && { memorySwapBytes }),
    ...Object.fromEntries([...numbers, ...texts].filter(([, value]) => value !== undefined && value !== '')),
  };
}

function byteFlag(flags: Flags, flag: string, names: string): number | undefined {
  const text = flags.string(flag) ?? '';
  if (text === '') return undefined;
  const bytes = bytesOf(text);
  if (bytes === undefined) throw badFlag(text, names, `invalid size: '${text}'`);
  return bytes;
}

function ulimit(text: string) {
  const read = readUlimit(text);
  if (typeof read === 'string') throw badFlag(text, '--ulimit', read);
  return read;
}
