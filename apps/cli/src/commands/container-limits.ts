import type { ContainerOptions, ResourceLimits, Ulimit } from '@wherry/core';
import { CommandError } from '../errors.ts';
import type { Flags } from '../flags.ts';

const UNITS = 'kmgtp';
const NANO = 1e9;
/** setrlimit(2) of Linux. */
const ULIMITS = new Set([
  ...['as', 'core', 'cpu', 'data', 'fsize', 'locks', 'memlock', 'msgqueue', 'nice', 'nofile', 'nproc'],
  ...['rss', 'rtprio', 'rttime', 'sigpending', 'stack'],
]);

/** `--memory`, `--cpus` and `--pids-limit`. Throws `CommandError` in Docker's words. */
export function resourceFlags(flags: Flags): Pick<ContainerOptions, 'resources'> {
  const [memory, cpus] = [flags.string('memory'), flags.string('cpus')];
  const pidsLimit = flags.int('pids-limit');
  const resources: ResourceLimits = {
    ...(memory && { memoryBytes: parseBytes(memory, 'memory') }),
    ...(cpus && { nanoCpus: parseCpus(cpus) }),
    ...(pidsLimit !== undefined && { pidsLimit }),
  };
  return Object.keys(resources).length > 0 ? { resources } : {};
}

/** Bytes with a binary unit, `64m`, `1.5GiB`. docker/go-units, `RAMInBytes`. */
export function parseBytes(text: string, flag: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?$/i.exec(text) ?? [];
  if (number === '')
    throw new CommandError(
      `invalid argument ${JSON.stringify(text)} for "--${flag}" flag: invalid size: '${text}'`,
    );
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

/** `nofile=1024:2048`; one number is both. docker/go-units, `ParseUlimit`. */
export function ulimitOf(text: string): Ulimit {
  const [, name = '', first = '', second = first] = /^([^=]+)=(-?\d+)(?::(-?\d+))?$/.exec(text) ?? [];
  if (name === '')
    throw new CommandError(
      `invalid argument ${JSON.stringify(text)} for "--ulimit" flag: invalid ulimit argument: ${text}`,
    );
  if (!ULIMITS.has(name))
    throw new CommandError(
      `invalid argument ${JSON.stringify(text)} for "--ulimit" flag: invalid ulimit type: ${name}`,
    );
  const [soft, hard] = [Number(first), Number(second)];
  if (hard !== -1 && (soft === -1 || soft > hard))
    throw new CommandError(
      `invalid argument ${JSON.stringify(text)} for "--ulimit" flag: ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`,
    );
  return { name, soft, hard };
}
