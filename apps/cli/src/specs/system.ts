import type { CommandSpec } from '../command.ts';
import { SERVE_GC, SERVE_RETENTION } from './serve-housekeeping.ts';
import { SERVE_TOKEN, SERVE_USERS } from './service.ts';
import { FILTER, FORMAT, OBJECT_FORMAT, RESULT_FORMAT } from './shared-flags.ts';

export const VERSION_COMMAND: CommandSpec = {
  name: 'version',
  summary: 'Show the wherry version information',
  usage: '[OPTIONS]',
  arity: { min: 0, max: 0 },
  flags: [OBJECT_FORMAT],
  load: () => import('../commands/system/version.ts'),
};

export const INFO: CommandSpec = {
  name: 'info',
  summary: 'Display system-wide information',
  usage: '[OPTIONS]',
  arity: { min: 0, max: 0 },
  alsoKnownAs: ['system info', 'info'],
  flags: [OBJECT_FORMAT],
  load: () => import('../commands/system/info.ts'),
};

export const SERVE: CommandSpec = {
  name: 'serve',
  summary: 'Serve the content store as a registry and a Docker engine',
  usage: '[OPTIONS] [COMMAND]',
  arity: { min: 0, max: 0 },
  flags: [
    {
      name: 'access',
      type: 'string',
      usage: 'TOML file with the [access] table: accounts, rules, tokens',
      values: 'file',
    },
    {
      name: 'addr',
      type: 'list',
      default: '127.0.0.1:5000',
      usage: 'Address to listen on: HOST:PORT or unix:///PATH',
    },
    {
      name: 'config',
      type: 'string',
      typeName: 'file',
      values: 'file',
      usage: 'Settings file (default: serve.toml beside config.toml)',
    },
    { name: 'health', type: 'bool', usage: 'Ask the running service whether it answers, and exit' },
    { name: 'insecure', type: 'bool', usage: 'Listen beyond loopback without TLS or access control' },
    {
      name: 'mirror',
      type: 'list',
      usage: 'Be a pull-through mirror of a registry, such as docker.io',
    },
    { name: 'mirror-max-size', type: 'string', usage: 'Most that the mirror keeps, such as 20GB' },
    {
      name: 'mirror-pin',
      type: 'list',
      usage: 'Keep what comes from a mirrored repository (docker.io/library/*)',
    },
    {
      name: 'mirror-ttl',
      type: 'string',
      default: '5m',
      usage: 'How long the mirror asks no registry again about a tag',
    },
    { name: 'print-config', type: 'bool', usage: 'Print the settings file that would be in force, and exit' },
    { name: 'socket-group', type: 'string', usage: 'Group that may connect to the Unix sockets' },
    { name: 'tls-cert', type: 'string', usage: 'Certificate in PEM', values: 'file' },
    {
      name: 'tls-client-ca',
      type: 'string',
      usage: 'Authorities in PEM of the certificates of clients that may do all',
      values: 'file',
    },
    { name: 'tls-key', type: 'string', usage: 'Private key of the certificate in PEM', values: 'file' },
  ],
  below: [SERVE_GC, SERVE_RETENTION, SERVE_TOKEN, SERVE_USERS],
  load: () => import('../commands/system/serve.ts'),
};

export const COMPLETION: CommandSpec = {
  name: 'completion',
  summary: 'Print a script that completes command lines in a shell',
  description: 'Print a script that completes command lines in bash, zsh, fish or powershell.',
  usage: 'SHELL',
  arity: { min: 1, max: 1 },
  operands: [['bash', 'zsh', 'fish', 'powershell']],
  flags: [],
  load: () => import('../commands/system/completion.ts'),
};

export const SYSTEM_CHECK: CommandSpec = {
  name: 'check',
  summary: 'Verify every blob and record of the content store',
  usage: '[OPTIONS]',
  arity: { min: 0, max: 0 },
  flags: [
    RESULT_FORMAT,
    { name: 'repair', type: 'bool', usage: 'Set faulty content aside and rebuild what can be rebuilt' },
  ],
  namespace: 'useful',
  load: () => import('../commands/system/system-check.ts'),
};

export const SYSTEM_DF: CommandSpec = {
  name: 'df',
  summary: 'Show wherry disk usage',
  usage: '[OPTIONS]',
  arity: { min: 0, max: 0 },
  flags: [
    FORMAT,
    { name: 'verbose', short: 'v', type: 'bool', usage: 'Show detailed information on space usage' },
  ],
  namespace: 'useful',
  load: () => import('../commands/system/system-df.ts'),
};

export const SYSTEM_PRUNE: CommandSpec = {
  name: 'prune',
  summary: 'Remove unused data',
  usage: '[OPTIONS]',
  arity: { min: 0, max: 0 },
  flags: [
    { name: 'all', short: 'a', type: 'bool', usage: 'Remove all unused images not just dangling ones' },
    { name: 'dry-run', type: 'bool', usage: 'Show what would be removed, and remove nothing' },
    {
      ...FILTER,
      usage: 'Provide filter values (e.g. "label=<key>=<value>")',
      values: ['label=', 'label!=', 'until='],
    },
    { name: 'force', short: 'f', type: 'bool', usage: 'Do not prompt for confirmation' },
    { name: 'snapshots', type: 'bool', usage: 'Prune unpacked layers that no container uses' },
    { name: 'volumes', type: 'bool', usage: 'Prune anonymous volumes' },
  ],
  namespace: 'useful',
  load: () => import('../commands/system/system-prune.ts'),
};

export const SYSTEM_RATELIMIT: CommandSpec = {
  name: 'ratelimit',
  summary: 'Show how many pulls a registry still allows',
  description:
    'Show how many pulls a registry still allows.\nDefaults to Docker Hub if no registry is specified.',
  usage: '[OPTIONS] [REGISTRY]',
  arity: { min: 0, max: 1 },
  operands: ['registry'],
  flags: [FORMAT],
  load: () => import('../commands/system/system-ratelimit.ts'),
};
