import type { CommandSpec } from '../command.ts';
import type { FlagSpec } from '../flags.ts';
import { FILTER, FORMAT, OBJECT_FORMAT, QUIET } from './shared-flags.ts';

const FORCE: FlagSpec = { name: 'force', short: 'f', type: 'bool', usage: 'Do not prompt for confirmation' };

export const VOLUME_CREATE: CommandSpec = {
  name: 'create',
  summary: 'Create a volume',
  usage: '[OPTIONS] [VOLUME]',
  arity: { min: 0, max: 1 },
  flags: [
    {
      name: 'driver',
      short: 'd',
      type: 'string',
      default: 'local',
      usage: 'Specify volume driver name',
      values: ['local'],
    },
    { name: 'label', type: 'list', usage: 'Set metadata for a volume' },
    // Read to be refused by name: a volume is a directory of the store, whatever it is asked to be.
    { name: 'opt', short: 'o', type: 'list', usage: '', hidden: true },
  ],
  load: () => import('../commands/volumes/volume-create.ts'),
};

export const VOLUME_LS: CommandSpec = {
  name: 'ls',
  aliases: ['list'],
  summary: 'List volumes',
  usage: '[OPTIONS]',
  arity: { min: 0, max: 0 },
  alsoKnownAs: ['volume ls', 'volume list'],
  flags: [
    {
      ...FILTER,
      short: 'f',
      usage: 'Provide filter values (e.g. "dangling=true")',
      values: ['dangling=false', 'dangling=true', 'driver=', 'label=', 'name='],
    },
    FORMAT,
    { ...QUIET, usage: 'Only display volume names' },
  ],
  load: () => import('../commands/volumes/volume-ls.ts'),
};

export const VOLUME_INSPECT: CommandSpec = {
  name: 'inspect',
  summary: 'Display detailed information on one or more volumes',
  usage: '[OPTIONS] VOLUME [VOLUME...]',
  arity: { min: 1 },
  flags: [OBJECT_FORMAT],
  load: () => import('../commands/volumes/volume-inspect.ts'),
};

export const VOLUME_RM: CommandSpec = {
  name: 'rm',
  aliases: ['remove'],
  summary: 'Remove one or more volumes',
  description: 'Remove one or more volumes. You cannot remove a volume that is in use by a container.',
  usage: '[OPTIONS] VOLUME [VOLUME...]',
  arity: { min: 1 },
  alsoKnownAs: ['volume rm', 'volume remove'],
  flags: [{ ...FORCE, usage: 'Force the removal of one or more volumes' }],
  namespace: 'useful',
  load: () => import('../commands/volumes/volume-rm.ts'),
};

export const VOLUME_PRUNE: CommandSpec = {
  name: 'prune',
  summary: 'Remove unused local volumes',
  usage: '[OPTIONS]',
  arity: { min: 0, max: 0 },
  flags: [
    { name: 'all', short: 'a', type: 'bool', usage: 'Remove all unused volumes, not just anonymous ones' },
    { name: 'dry-run', type: 'bool', usage: 'Show what would be removed, and remove nothing' },
    {
      ...FILTER,
      usage: 'Provide filter values (e.g. "label=<label>")',
      values: ['all=true', 'label=', 'label!='],
    },
    FORCE,
  ],
  namespace: 'useful',
  load: () => import('../commands/volumes/volume-prune.ts'),
};
