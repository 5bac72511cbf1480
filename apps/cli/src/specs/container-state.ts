import type { CommandSpec } from '../command.ts';
import { OBJECT_FORMAT } from './shared-flags.ts';

export const PAUSE: CommandSpec = {
  name: 'pause',
  summary: 'Pause all processes within one or more containers',
  usage: 'CONTAINER [CONTAINER...]',
  arity: { min: 1 },
  operands: ['running-container'],
  alsoKnownAs: ['container pause', 'pause'],
  flags: [],
  namespace: 'useful',
  load: () => import('../commands/containers/pause.ts'),
};

export const UNPAUSE: CommandSpec = {
  name: 'unpause',
  summary: 'Unpause all processes within one or more containers',
  usage: 'CONTAINER [CONTAINER...]',
  arity: { min: 1 },
  operands: ['paused-container'],
  alsoKnownAs: ['container unpause', 'unpause'],
  flags: [],
  namespace: 'useful',
  load: () => import('../commands/containers/unpause.ts'),
};

export const CONTAINER_INSPECT: CommandSpec = {
  name: 'inspect',
  summary: 'Display detailed information on one or more containers',
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  arity: { min: 1 },
  operands: ['container'],
  flags: [OBJECT_FORMAT, { name: 'size', short: 's', type: 'bool', usage: 'Display total file sizes' }],
  namespace: 'useful',
  load: () => import('../commands/containers/container-inspect.ts'),
};
