import type { CommandSpec } from '../command.ts';
import type { FlagSpec } from '../flags.ts';
import { LIMIT_FLAGS } from './limit-flags.ts';
import { FORMAT } from './shared-flags.ts';

export const STATS: CommandSpec = {
  name: 'stats',
  summary: 'Display a live stream of container(s) resource usage statistics',
  usage: '[OPTIONS] [CONTAINER...]',
  arity: { min: 0 },
  operands: ['running-container'],
  alsoKnownAs: ['container stats', 'stats'],
  flags: [
    { name: 'all', short: 'a', type: 'bool', usage: 'Show all containers (default shows just running)' },
    FORMAT,
    { name: 'no-stream', type: 'bool', usage: 'Disable streaming stats and only pull the first result' },
    { name: 'no-trunc', type: 'bool', usage: 'Do not truncate output' },
  ],
  namespace: 'useful',
  load: () => import('../commands/containers/stats.ts'),
};

/** What a container that is there can be given, in Docker's words where they are others than those of `run`. */
const CHANGEABLE: Readonly<Record<string, string | undefined>> = {
  'blkio-weight': undefined,
  'cpu-period': undefined,
  'cpu-quota': undefined,
  'cpu-rt-period': 'Limit the CPU real-time period in microseconds',
  'cpu-rt-runtime': 'Limit the CPU real-time runtime in microseconds',
  'cpu-shares': undefined,
  cpus: undefined,
  'cpuset-cpus': undefined,
  'cpuset-mems': undefined,
  memory: undefined,
  'memory-reservation': undefined,
  'memory-swap': 'Swap limit equal to memory plus swap: -1 to enable unlimited swap',
  'pids-limit': undefined,
};

const CHANGEABLE_FLAGS: readonly FlagSpec[] = LIMIT_FLAGS.filter(({ name }) => name in CHANGEABLE).map(
  (flag) => ({ ...flag, usage: CHANGEABLE[flag.name] ?? flag.usage ?? '' }),
);

export const UPDATE: CommandSpec = {
  name: 'update',
  summary: 'Update configuration of one or more containers',
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  arity: { min: 1 },
  operands: ['container'],
  alsoKnownAs: ['container update', 'update'],
  flags: [
    ...CHANGEABLE_FLAGS,
    { name: 'kernel-memory', type: 'string', usage: '', hidden: true },
    { name: 'restart', type: 'string', usage: 'Restart policy to apply when a container exits' },
  ],
  namespace: 'useful',
  load: () => import('../commands/containers/update.ts'),
};

export const PORT: CommandSpec = {
  name: 'port',
  summary: 'List port mappings or a specific mapping for the container',
  usage: 'CONTAINER [PRIVATE_PORT[/PROTO]]',
  arity: { min: 1, max: 2 },
  operands: ['container', 'none'],
  alsoKnownAs: ['container port', 'port'],
  flags: [],
  load: () => import('../commands/containers/port.ts'),
};
