import type { GroupSpec } from '../command.ts';
import type { FlagSpec } from '../flags.ts';
import { FORMAT } from './shared-flags.ts';

const ACCESS: FlagSpec = {
  name: 'access',
  type: 'string',
  usage: 'TOML file with the [access] table that the service is started with',
  values: 'file',
};

export const SERVE_USERS: GroupSpec = {
  name: 'users',
  summary: 'Manage the accounts of the service',
  commands: [
    {
      name: 'add',
      summary: 'Add an account, or change its password',
      usage: '[OPTIONS] NAME',
      arity: { min: 1, max: 1 },
      operands: ['none'],
      flags: [ACCESS, { name: 'password-stdin', type: 'bool', usage: 'Read the password from stdin' }],
      load: () => import('../commands/system/serve-users-add.ts'),
    },
    {
      name: 'list',
      aliases: ['ls'],
      summary: 'List the accounts',
      usage: '[OPTIONS]',
      arity: { min: 0, max: 0 },
      flags: [ACCESS, FORMAT],
      load: () => import('../commands/system/serve-users-list.ts'),
    },
    {
      name: 'remove',
      aliases: ['rm'],
      summary: 'Remove an account',
      usage: '[OPTIONS] NAME',
      arity: { min: 1, max: 1 },
      operands: ['none'],
      flags: [ACCESS],
      load: () => import('../commands/system/serve-users-remove.ts'),
    },
  ],
};

export const SERVE_TOKEN: GroupSpec = {
  name: 'token',
  summary: 'Manage long-lived tokens of the service',
  commands: [
    {
      name: 'create',
      summary: 'Make a token and print it, this once',
      description:
        'Make a token and print it, this once: only its hash is kept.\nClients take it as the password of any name.',
      usage: '[OPTIONS]',
      arity: { min: 0, max: 0 },
      flags: [
        {
          name: 'allow',
          type: 'list',
          usage: 'What it may do: RIGHT[,RIGHT]:REPOSITORIES, such as pull,push:team/*, or engine',
          values: ['delete:', 'engine', 'pull:', 'pull,push:', 'pull,push,delete:'],
        },
        { name: 'expires', type: 'string', default: '2160h', usage: 'How long it is good, or never' },
        { name: 'name', type: 'string', default: 'ci', usage: 'What the log calls its bearer' },
      ],
      load: () => import('../commands/system/serve-token-create.ts'),
    },
    {
      name: 'list',
      aliases: ['ls'],
      summary: 'List the tokens, without what they are',
      usage: '[OPTIONS]',
      arity: { min: 0, max: 0 },
      flags: [FORMAT],
      load: () => import('../commands/system/serve-token-list.ts'),
    },
    {
      name: 'remove',
      aliases: ['rm'],
      summary: 'Remove a token by its ID, or all of a name',
      usage: 'ID|NAME',
      arity: { min: 1, max: 1 },
      operands: ['none'],
      flags: [],
      load: () => import('../commands/system/serve-token-remove.ts'),
    },
  ],
};
