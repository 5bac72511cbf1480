import type { CommandSpec, GroupSpec } from './command.ts';
import type { FlagSpec } from './flags.ts';
import { LOGIN, LOGOUT } from './specs/accounts.ts';
import { IMPORT, LOAD, SAVE } from './specs/archives.ts';
import { BUILD } from './specs/build.ts';
import { BUILDER_DU, BUILDER_PRUNE } from './specs/builder.ts';
import { COMMIT } from './specs/changes.ts';
import { CP, DIFF, EXPORT } from './specs/container-files.ts';
import { CONTAINER_INSPECT, PAUSE, UNPAUSE } from './specs/container-state.ts';
import { PORT, STATS, UPDATE } from './specs/container-usage.ts';
import {
  ATTACH,
  CONTAINER_PRUNE,
  CREATE,
  EXEC,
  KILL,
  LOGS,
  PS,
  RENAME,
  RESTART,
  RM,
  RUN,
  START,
  STOP,
  TOP,
  WAIT,
} from './specs/containers.ts';
import {
  HISTORY,
  IMAGE_INSPECT,
  IMAGE_PRUNE,
  IMAGES,
  INSPECT,
  PIN,
  RMI,
  TAG,
  UNPIN,
} from './specs/images.ts';
import { CONVERT, SQUASH } from './specs/rewriting.ts';
import {
  COMPLETION,
  INFO,
  SERVE,
  SYSTEM_CHECK,
  SYSTEM_DF,
  SYSTEM_PRUNE,
  SYSTEM_RATELIMIT,
  VERSION_COMMAND,
} from './specs/system.ts';
import { COPY, OUTDATED, PULL, PUSH, SEARCH, TAGS, VERIFY } from './specs/transfer.ts';
import { VOLUME_CREATE, VOLUME_INSPECT, VOLUME_LS, VOLUME_PRUNE, VOLUME_RM } from './specs/volumes.ts';

// Names, summaries and flags only: these tables are read at every start, the commands' code when they run.

export const PROGRAM = 'wherry';
export const PROGRAM_SUMMARY = 'Container images without a daemon';

export const GLOBAL_FLAGS: readonly FlagSpec[] = [
  {
    name: 'config',
    type: 'string',
    usage: "Directory of Docker's config.json, or wherry's own configuration file (*.toml)",
    values: 'file',
  },
  { name: 'debug', short: 'D', type: 'bool', usage: 'Enable debug mode' },
  {
    name: 'log-level',
    short: 'l',
    type: 'string',
    default: 'info',
    usage: 'Set the logging level ("debug", "info", "warn", "error", "fatal")',
  },
  { name: 'root', type: 'string', usage: 'Directory of the content store', values: 'directory' },
  { name: 'version', short: 'v', type: 'bool', usage: 'Print version information and quit' },
];

const REFUSED = { usage: '', hidden: true } as const;

/** Where Docker's client finds its daemon. They are read to be refused by name: there is no daemon here. */
export const DAEMON_FLAGS: readonly FlagSpec[] = [
  { name: 'context', short: 'c', type: 'string', ...REFUSED },
  { name: 'host', short: 'H', type: 'list', ...REFUSED },
  { name: 'tls', type: 'bool', ...REFUSED },
  { name: 'tlscacert', type: 'string', ...REFUSED },
  { name: 'tlscert', type: 'string', ...REFUSED },
  { name: 'tlskey', type: 'string', ...REFUSED },
  { name: 'tlsverify', type: 'bool', ...REFUSED },
];

/** The commands that stand first in the list, and those that follow. */
export const COMMON_COMMANDS: readonly CommandSpec[] = [
  RUN,
  EXEC,
  PS,
  BUILD,
  PULL,
  PUSH,
  IMAGES,
  LOGIN,
  LOGOUT,
  SEARCH,
  SERVE,
  VERSION_COMMAND,
  INFO,
];
export const OTHER_COMMANDS: readonly CommandSpec[] = [
  ATTACH,
  COMMIT,
  COMPLETION,
  CONVERT,
  COPY,
  CP,
  CREATE,
  DIFF,
  EXPORT,
  HISTORY,
  IMPORT,
  INSPECT,
  KILL,
  LOAD,
  LOGS,
  OUTDATED,
  PAUSE,
  PIN,
  PORT,
  RENAME,
  RESTART,
  RM,
  RMI,
  SAVE,
  SQUASH,
  START,
  STATS,
  STOP,
  TAG,
  TAGS,
  TOP,
  UNPAUSE,
  UNPIN,
  UPDATE,
  VERIFY,
  WAIT,
];

export const GROUPS: readonly GroupSpec[] = [
  { name: 'builder', summary: 'Manage builds', commands: [BUILD, BUILDER_DU, BUILDER_PRUNE] },
  {
    name: 'container',
    summary: 'Manage containers',
    commands: [
      ATTACH,
      COMMIT,
      CP,
      CREATE,
      DIFF,
      EXEC,
      EXPORT,
      CONTAINER_INSPECT,
      KILL,
      LOGS,
      { ...PS, name: 'ls', aliases: ['ps', 'list'] },
      PAUSE,
      PORT,
      CONTAINER_PRUNE,
      RENAME,
      RESTART,
      { ...RM, aliases: ['remove'] },
      RUN,
      START,
      STATS,
      STOP,
      TOP,
      UNPAUSE,
      UPDATE,
      WAIT,
    ],
  },
  {
    name: 'image',
    summary: 'Manage images',
    commands: [
      BUILD,
      CONVERT,
      HISTORY,
      IMPORT,
      IMAGE_INSPECT,
      LOAD,
      { ...IMAGES, name: 'ls', aliases: ['list'] },
      IMAGE_PRUNE,
      PULL,
      PUSH,
      { ...RMI, name: 'rm', aliases: ['remove'] },
      SAVE,
      SQUASH,
      TAG,
    ],
  },
  {
    name: 'system',
    summary: 'Manage wherry',
    commands: [SYSTEM_CHECK, SYSTEM_DF, INFO, SYSTEM_PRUNE, SYSTEM_RATELIMIT],
  },
  {
    name: 'volume',
    summary: 'Manage volumes',
    commands: [VOLUME_CREATE, VOLUME_INSPECT, VOLUME_LS, VOLUME_PRUNE, VOLUME_RM],
  },
];
