import type { CommandSpec } from '../command.ts';
import type { FlagSpec } from '../flags.ts';
import { CONTAINER_FLAGS } from './container-flags.ts';
import { FILTER, FORMAT, NO_TRUNC, QUIET } from './shared-flags.ts';

const DETACH_KEYS: FlagSpec = {
  name: 'detach-keys',
  type: 'string',
  usage: 'Override the key sequence for detaching a container',
};

const SIG_PROXY: FlagSpec = {
  name: 'sig-proxy',
  type: 'bool',
  default: true,
  usage: 'End the container on received signals',
};

export const CREATE: CommandSpec = {
  name: 'create',
  summary: 'Create a new container',
  usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  arity: { min: 1 },
  operands: ['image', 'file'],
  isWrapper: true,
  alsoKnownAs: ['container create', 'create'],
  flags: CONTAINER_FLAGS,
  load: () => import('../commands/containers/create.ts'),
};

export const RUN: CommandSpec = {
  name: 'run',
  summary: 'Create and run a new container from an image',
  usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  arity: { min: 1 },
  operands: ['image', 'file'],
  isWrapper: true,
  alsoKnownAs: ['container run', 'run'],
  flags: [
    ...CONTAINER_FLAGS,
    { name: 'detach', short: 'd', type: 'bool', usage: 'Run container in background and print container ID' },
    DETACH_KEYS,
    SIG_PROXY,
  ],
  namespace: 'needed',
  load: () => import('../commands/containers/run.ts'),
};

export const START: CommandSpec = {
  name: 'start',
  summary: 'Start one or more stopped containers',
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  arity: { min: 1 },
  operands: ['stopped-container'],
  alsoKnownAs: ['container start', 'start'],
  flags: [
    { name: 'attach', short: 'a', type: 'bool', usage: 'Attach STDOUT/STDERR' },
    DETACH_KEYS,
    { name: 'interactive', short: 'i', type: 'bool', usage: "Attach container's STDIN" },
  ],
  namespace: 'needed',
  load: () => import('../commands/containers/start.ts'),
};

export const ATTACH: CommandSpec = {
  name: 'attach',
  summary: 'Attach local standard input, output, and error streams to a running container',
  usage: '[OPTIONS] CONTAINER',
  arity: { min: 1, max: 1 },
  operands: ['running-container'],
  alsoKnownAs: ['container attach', 'attach'],
  flags: [DETACH_KEYS, { name: 'no-stdin', type: 'bool', usage: 'Do not attach STDIN' }, SIG_PROXY],
  namespace: 'useful',
  load: () => import('../commands/containers/attach.ts'),
};

export const TOP: CommandSpec = {
  name: 'top',
  summary: 'Display the running processes of a container',
  usage: 'CONTAINER [ps OPTIONS]',
  arity: { min: 1 },
  operands: ['running-container', 'none'],
  isWrapper: true,
  alsoKnownAs: ['container top', 'top'],
  flags: [],
  namespace: 'useful',
  load: () => import('../commands/containers/top.ts'),
};

export const EXEC: CommandSpec = {
  name: 'exec',
  summary: 'Execute a command in a running container',
  usage: '[OPTIONS] CONTAINER COMMAND [ARG...]',
  arity: { min: 2 },
  operands: ['running-container', 'none'],
  isWrapper: true,
  alsoKnownAs: ['container exec', 'exec'],
  flags: [
    { name: 'detach', short: 'd', type: 'bool', usage: 'Detached mode: run command in the background' },
    DETACH_KEYS,
    { name: 'env', short: 'e', type: 'list', usage: 'Set environment variables' },
    { name: 'env-file', type: 'list', usage: 'Read in a file of environment variables', values: 'file' },
    { name: 'interactive', short: 'i', type: 'bool', usage: 'Keep STDIN open even if not attached' },
    { name: 'privileged', type: 'bool', usage: 'Give extended privileges to the command' },
    { name: 'tty', short: 't', type: 'bool', usage: 'Allocate a pseudo-TTY' },
    {
      name: 'user',
      short: 'u',
      type: 'string',
      usage: 'Username or UID (format: "<name|uid>[:<group|gid>]")',
    },
    { name: 'workdir', short: 'w', type: 'string', usage: 'Working directory inside the container' },
  ],
  namespace: 'needed',
  load: () => import('../commands/containers/exec.ts'),
};

export const RENAME: CommandSpec = {
  name: 'rename',
  summary: 'Rename a container',
  usage: 'CONTAINER NEW_NAME',
  arity: { min: 2, max: 2 },
  operands: ['container', 'none'],
  alsoKnownAs: ['container rename', 'rename'],
  flags: [],
  load: () => import('../commands/containers/rename.ts'),
};

export const CONTAINER_PRUNE: CommandSpec = {
  name: 'prune',
  summary: 'Remove all stopped containers',
  usage: '[OPTIONS]',
  arity: { min: 0, max: 0 },
  flags: [
    {
      ...FILTER,
      usage: 'Provide filter values (e.g. "until=<timestamp>")',
      values: ['label=', 'label!=', 'until='],
    },
    { name: 'force', short: 'f', type: 'bool', usage: 'Do not prompt for confirmation' },
  ],
  namespace: 'useful',
  load: () => import('../commands/containers/container-prune.ts'),
};

export const STOP: CommandSpec = {
  name: 'stop',
  summary: 'Stop one or more running containers',
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  arity: { min: 1 },
  operands: ['running-container'],
  alsoKnownAs: ['container stop', 'stop'],
  flags: [
    { name: 'signal', short: 's', type: 'string', usage: 'Signal to send to the container' },
    { name: 'time', type: 'int', usage: '', hidden: true },
    { name: 'timeout', short: 't', type: 'int', usage: 'Seconds to wait before killing the container' },
  ],
  namespace: 'useful',
  load: () => import('../commands/containers/stop.ts'),
};

export const RESTART: CommandSpec = {
  ...STOP,
  name: 'restart',
  summary: 'Restart one or more containers',
  alsoKnownAs: ['container restart', 'restart'],
  operands: ['container'],
  namespace: 'needed',
  load: () => import('../commands/containers/restart.ts'),
};

export const KILL: CommandSpec = {
  name: 'kill',
  summary: 'Kill one or more running containers',
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  arity: { min: 1 },
  operands: ['running-container'],
  alsoKnownAs: ['container kill', 'kill'],
  flags: [{ name: 'signal', short: 's', type: 'string', usage: 'Signal to send to the container' }],
  namespace: 'useful',
  load: () => import('../commands/containers/kill.ts'),
};

export const WAIT: CommandSpec = {
  name: 'wait',
  summary: 'Block until one or more containers stop, then print their exit codes',
  usage: 'CONTAINER [CONTAINER...]',
  arity: { min: 1 },
  operands: ['container'],
  alsoKnownAs: ['container wait', 'wait'],
  flags: [],
  namespace: 'useful',
  load: () => import('../commands/containers/wait.ts'),
};

export const RM: CommandSpec = {
  name: 'rm',
  summary: 'Remove one or more containers',
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  arity: { min: 1 },
  operands: ['container'],
  alsoKnownAs: ['container rm', 'container remove', 'rm'],
  flags: [
    {
      name: 'force',
      short: 'f',
      type: 'bool',
      usage: 'Force the removal of a running container (uses SIGKILL)',
    },
    { name: 'link', short: 'l', type: 'bool', usage: 'Remove the specified link' },
    {
      name: 'volumes',
      short: 'v',
      type: 'bool',
      usage: 'Remove anonymous volumes associated with the container',
    },
  ],
  namespace: 'useful',
  load: () => import('../commands/containers/rm.ts'),
};

export const LOGS: CommandSpec = {
  name: 'logs',
  summary: 'Fetch the logs of a container',
  usage: '[OPTIONS] CONTAINER',
  arity: { min: 1, max: 1 },
  operands: ['container'],
  alsoKnownAs: ['container logs', 'logs'],
  flags: [
    { name: 'details', type: 'bool', usage: 'Show extra details provided to logs' },
    { name: 'follow', short: 'f', type: 'bool', usage: 'Follow log output' },
    {
      name: 'since',
      type: 'string',
      usage:
        'Show logs since timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)',
    },
    {
      name: 'tail',
      short: 'n',
      type: 'string',
      default: 'all',
      usage: 'Number of lines to show from the end of the logs',
    },
    { name: 'timestamps', short: 't', type: 'bool', usage: 'Show timestamps' },
    {
      name: 'until',
      type: 'string',
      usage:
        'Show logs before a timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)',
    },
  ],
  namespace: 'useful',
  load: () => import('../commands/containers/logs.ts'),
};

export const PS: CommandSpec = {
  name: 'ps',
  summary: 'List containers',
  usage: '[OPTIONS]',
  arity: { min: 0, max: 0 },
  alsoKnownAs: ['container ls', 'container list', 'container ps', 'ps'],
  flags: [
    { name: 'all', short: 'a', type: 'bool', usage: 'Show all containers (default shows just running)' },
    {
      ...FILTER,
      short: 'f',
      usage: 'Filter output based on conditions provided',
      values: ['ancestor=', 'before=', 'exited=', 'id=', 'label=', 'name=', 'since=', 'status=', 'volume='],
    },
    FORMAT,
    {
      name: 'last',
      short: 'n',
      type: 'int',
      default: -1,
      usage: 'Show n last created containers (includes all states)',
    },
    {
      name: 'latest',
      short: 'l',
      type: 'bool',
      usage: 'Show the latest created container (includes all states)',
    },
    NO_TRUNC,
    { ...QUIET, usage: 'Only display container IDs' },
    { name: 'size', short: 's', type: 'bool', usage: 'Display total file sizes' },
  ],
  namespace: 'useful',
  load: () => import('../commands/containers/ps.ts'),
};
