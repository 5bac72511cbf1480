import type { CommandSpec } from '../command.ts';
import { FILTER, FORMAT } from './shared-flags.ts';

const CACHE_FILTERS = [
  ...['description=', 'id=', 'inuse=false', 'inuse=true', 'parent=', 'private=true', 'shared=true'],
  ...['type=exec.cachemount', 'type=regular', 'until=', 'unused-for='],
];

export const BUILDER_DU: CommandSpec = {
  name: 'du',
  summary: 'Show what is in the build cache',
  usage: '[OPTIONS]',
  arity: { min: 0, max: 0 },
  flags: [
    { ...FILTER, usage: 'Provide filter values (e.g. "type=regular")', values: CACHE_FILTERS },
    FORMAT,
    { name: 'verbose', short: 'v', type: 'bool', usage: 'Show all that is known of each' },
  ],
  namespace: 'useful',
  load: () => import('../commands/system/builder-du.ts'),
};

export const BUILDER_PRUNE: CommandSpec = {
  name: 'prune',
  summary: 'Remove build cache',
  usage: '[OPTIONS]',
  arity: { min: 0, max: 0 },
  flags: [
    {
      name: 'all',
      short: 'a',
      type: 'bool',
      usage: 'Remove all unused build cache, not just dangling ones',
    },
    { name: 'dry-run', type: 'bool', usage: 'Show what would be removed, and remove nothing' },
    { ...FILTER, usage: 'Provide filter values (e.g. "until=24h")', values: CACHE_FILTERS },
    { name: 'force', short: 'f', type: 'bool', usage: 'Do not prompt for confirmation' },
    { name: 'keep-storage', type: 'string', usage: 'Amount of disk space to keep for cache', values: 'none' },
    {
      name: 'max-used-space',
      type: 'string',
      usage: 'Maximum amount of disk space allowed to keep for cache',
      values: 'none',
    },
    {
      name: 'min-free-space',
      type: 'string',
      usage: 'Target amount of free disk space after pruning',
      values: 'none',
    },
    {
      name: 'reserved-space',
      type: 'string',
      usage: 'Amount of disk space always allowed to keep for cache',
      values: 'none',
    },
  ],
  namespace: 'useful',
  load: () => import('../commands/system/builder-prune.ts'),
};
