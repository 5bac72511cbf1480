import type { CommandSpec } from '../command.ts';

export const LOGIN: CommandSpec = {
  name: 'login',
  summary: 'Authenticate to a registry',
  description: 'Authenticate to a registry.\nDefaults to Docker Hub if no server is specified.',
  usage: '[OPTIONS] [SERVER]',
  arity: { min: 0, max: 1 },
  operands: ['registry'],
  flags: [
    { name: 'password', short: 'p', type: 'string', usage: 'Password or Personal Access Token (PAT)' },
    {
      name: 'password-stdin',
      type: 'bool',
      usage: 'Take the Password or Personal Access Token (PAT) from stdin',
    },
    { name: 'username', short: 'u', type: 'string', usage: 'Username' },
  ],
  load: () => import('../commands/registry/login.ts'),
};

export const LOGOUT: CommandSpec = {
  name: 'logout',
  summary: 'Log out from a registry',
  description: 'Log out from a registry.\nDefaults to Docker Hub if no server is specified.',
  usage: '[SERVER]',
  arity: { min: 0, max: 1 },
  operands: ['registry'],
  flags: [],
  load: () => import('../commands/registry/logout.ts'),
};
