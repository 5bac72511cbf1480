import type { CommandSpec } from '../command.ts';
import { SERVE_TOKEN, SERVE_USERS } from './service.ts';
import { RESULT_FORMAT } from './shared-flags.ts';

const SERVE_GC: CommandSpec = {
  name: 'gc',
  summary: 'Collect what the registry service no longer needs',
  description:
    'Collect what the registry service no longer needs.\nThe service may run meanwhile. What is collected rests in the trash for a while.',
  usage: '[OPTIONS]',
  arity: { min: 0, max: 0 },
  flags: [
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

const SERVE_RETENTION: CommandSpec = {
  name: 'retention',
  summary: 'Take tags off that no rule keeps',
  description:
    'Take tags off that no rule keeps.\nA tag stays when one of the rules speaks for it. The content goes with the next collection.',
  usage: '[OPTIONS] [REPOSITORY]',
  arity: { min: 0, max: 1 },
  flags: [
    { name: 'dry-run', type: 'bool', usage: 'Show what would become of each tag, and touch none' },
    RESULT_FORMAT,
    { name: 'keep-matching', type: 'list', usage: 'Keep tags that fit a pattern, such as "v*"' },
    { name: 'keep-newer-than', type: 'string', usage: 'Keep tags that were pushed within this time' },
    { name: 'keep-newest', type: 'int', usage: 'Keep so many tags of each repository' },
    { name: 'pinned', type: 'list', usage: 'Never touch tags that fit a pattern, nor count them' },
  ],
  load: () => import('../commands/system/serve-retention.ts'),
};

export const SERVE: CommandSpec = {
  name: 'serve',
  summary: 'Serve the content store as a registry',
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
