import type { CommandSpec } from '../command.ts';
import { RESULT_FORMAT } from './shared-flags.ts';

const SERVICE_CONFIG = {
  name: 'config',
  type: 'string',
  typeName: 'file',
  values: 'file',
  usage: 'Do what the service does whose settings file this is',
} as const;

export const SERVE_GC: CommandSpec = {
  name: 'gc',
  summary: 'Collect what the registry service no longer needs',
  description:
    'Collect what the registry service no longer needs.\nThe service may run meanwhile. What is collected rests in the trash for a while.',
  usage: '[OPTIONS]',
  arity: { min: 0, max: 0 },
  flags: [
    SERVICE_CONFIG,
    { name: 'dry-run', type: 'bool', usage: 'Show what would go, and touch nothing' },
    RESULT_FORMAT,
    {
      name: 'trash-grace',
      type: 'string',
      default: '24h',
      usage: 'How long collected content can be brought back',
    },
    { name: 'untagged', type: 'bool', usage: 'Collect manifests that no tag leads to, too' },
  ],
  load: () => import('../commands/system/serve-gc.ts'),
};

export const SERVE_RETENTION: CommandSpec = {
  name: 'retention',
  summary: 'Take tags off that no rule keeps',
  description:
    'Take tags off that no rule keeps.\nA tag stays when one of the rules speaks for it. The content goes with the next collection.',
  usage: '[OPTIONS] [REPOSITORY]',
  arity: { min: 0, max: 1 },
  flags: [
    SERVICE_CONFIG,
    { name: 'dry-run', type: 'bool', usage: 'Show what would become of each tag, and touch none' },
    RESULT_FORMAT,
    { name: 'keep-matching', type: 'list', usage: 'Keep tags that fit a pattern, such as "v*"' },
    { name: 'keep-newer-than', type: 'string', usage: 'Keep tags that were pushed within this time' },
    { name: 'keep-newest', type: 'int', usage: 'Keep so many tags of each repository' },
    { name: 'pinned', type: 'list', usage: 'Never touch tags that fit a pattern, nor count them' },
  ],
  load: () => import('../commands/system/serve-retention.ts'),
};
