import type { CommandSpec, GroupSpec } from './command.ts';
import type { FlagSpec } from './flags.ts';
import { FORMAT, OBJECT_FORMAT } from './format-flags.ts';

// Names, summaries and flags only: this table is read at every start, the commands' code when they run.

export const PROGRAM = 'wherry';
export const PROGRAM_SUMMARY = 'Container images without a daemon';

export const GLOBAL_FLAGS: readonly FlagSpec[] = [
  {
    name: 'config',
    type: 'string',
    usage: "Directory of Docker's config.json, or wherry's own configuration file (*.toml)",
  },
  { name: 'debug', short: 'D', type: 'bool', usage: 'Enable debug mode' },
  { name: 'root', type: 'string', usage: 'Directory of the content store' },
  { name: 'version', short: 'v', type: 'bool', usage: 'Print version information and quit' },
];

const CONTENT_TRUST = { name: 'disable-content-trust', type: 'bool', default: true } as const;
const FILTER = { name: 'filter', type: 'filter' } as const;
const JOBS = { name: 'jobs', type: 'int' } as const;
const QUIET = { name: 'quiet', short: 'q', type: 'bool' } as const;
const NO_TRUNC = { name: 'no-trunc', type: 'bool', usage: "Don't truncate output" } as const;
const QUIET_IDS = { ...QUIET, usage: 'Only show image IDs' } as const;
const PLATFORM = {
  name: 'platform',
  type: 'string',
  usage: 'Set platform if server is multi-platform capable',
} as const;

const PULL: CommandSpec = {
  name: 'pull',
  summary: 'Download an image from a registry',
  usage: '[OPTIONS] NAME[:TAG|@DIGEST]',
  arity: { min: 1, max: 1 },
  alsoKnownAs: ['image pull', 'pull'],
  flags: [
    { name: 'all-platforms', type: 'bool', usage: 'Download the image for every platform' },
    { name: 'all-tags', short: 'a', type: 'bool', usage: 'Download all tagged images in the repository' },
    { name: 'check', type: 'bool', usage: 'Only tell if the registry has a newer image' },
    { ...CONTENT_TRUST, usage: 'Skip image verification' },
    { name: 'explain', type: 'bool', usage: 'List the endpoints that would be asked, and why' },
    { ...JOBS, usage: 'Number of layers to download at once' },
    PLATFORM,
    { ...QUIET, usage: 'Suppress verbose output' },
  ],
  load: () => import('./commands/pull.ts'),
};

const PUSH: CommandSpec = {
  name: 'push',
  summary: 'Upload an image to a registry',
  usage: '[OPTIONS] NAME[:TAG]',
  arity: { min: 1, max: 1 },
  alsoKnownAs: ['image push', 'push'],
  flags: [
    { name: 'all-tags', short: 'a', type: 'bool', usage: 'Push all tags of an image to the repository' },
    { ...CONTENT_TRUST, usage: 'Skip image signing' },
    { ...JOBS, usage: 'Number of layers to upload at once' },
    { ...QUIET, usage: 'Suppress verbose output' },
  ],
  load: () => import('./commands/push.ts'),
};

const IMAGES: CommandSpec = {
  name: 'images',
  summary: 'List images',
  usage: '[OPTIONS] [REPOSITORY[:TAG]]',
  arity: { min: 0, max: 1 },
  alsoKnownAs: ['image ls', 'image list', 'images'],
  flags: [
    { name: 'all', short: 'a', type: 'bool', usage: 'Show all images (default hides intermediate images)' },
    { name: 'digests', type: 'bool', usage: 'Show digests' },
    { ...FILTER, short: 'f', usage: 'Filter output based on conditions provided' },
    FORMAT,
    NO_TRUNC,
    QUIET_IDS,
  ],
  load: () => import('./commands/images.ts'),
};

const TAG: CommandSpec = {
  name: 'tag',
  summary: 'Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE',
  usage: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
  arity: { min: 2, max: 2 },
  alsoKnownAs: ['image tag', 'tag'],
  flags: [],
  load: () => import('./commands/tag.ts'),
};

const TAGS: CommandSpec = {
  name: 'tags',
  summary: 'List the tags of a repository in its registry',
  usage: '[OPTIONS] REPOSITORY',
  arity: { min: 1, max: 1 },
  flags: [
    { name: 'digests', type: 'bool', usage: 'Show the digest that each tag points to' },
    {
      name: 'filter',
      short: 'f',
      type: 'list',
      usage: 'Only show tags that match a pattern, or one of several',
    },
    { name: 'limit', type: 'int', usage: 'Show no more tags than this' },
    {
      name: 'sort',
      type: 'string',
      default: 'semver',
      usage: 'Order: newest version first (semver), by name, or as the registry has them (none)',
    },
  ],
  load: () => import('./commands/tags.ts'),
};

const INSPECT: CommandSpec = {
  name: 'inspect',
  summary: 'Return low-level information on Docker objects',
  usage: '[OPTIONS] NAME|ID [NAME|ID...]',
  arity: { min: 1 },
  flags: [
    OBJECT_FORMAT,
    {
      name: 'size',
      short: 's',
      type: 'bool',
      usage: 'Display total file sizes if the type is container',
    },
    { name: 'type', type: 'string', usage: 'Only inspect objects of the given type' },
  ],
  load: () => import('./commands/inspect.ts'),
};

const IMAGE_INSPECT: CommandSpec = {
  name: 'inspect',
  summary: 'Display detailed information on one or more images',
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  arity: { min: 1 },
  flags: [OBJECT_FORMAT],
  load: () => import('./commands/image-inspect.ts'),
};

const HISTORY: CommandSpec = {
  name: 'history',
  summary: 'Show the history of an image',
  usage: '[OPTIONS] IMAGE',
  arity: { min: 1, max: 1 },
  alsoKnownAs: ['image history', 'history'],
  flags: [
    FORMAT,
    {
      name: 'human',
      short: 'H',
      type: 'bool',
      default: true,
      usage: 'Print sizes and dates in human readable format',
    },
    NO_TRUNC,
    QUIET_IDS,
  ],
  load: () => import('./commands/history.ts'),
};

const OUTDATED: CommandSpec = {
  name: 'outdated',
  summary: 'List images that are newer in their registry',
  usage: '[NAME[:TAG]...]',
  arity: { min: 0 },
  flags: [],
  load: () => import('./commands/outdated.ts'),
};

const RMI: CommandSpec = {
  name: 'rmi',
  summary: 'Remove one or more images',
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  arity: { min: 1 },
  alsoKnownAs: ['image rm', 'image remove', 'rmi'],
  flags: [
    { name: 'force', short: 'f', type: 'bool', usage: 'Force removal of the image' },
    { name: 'no-prune', type: 'bool', usage: 'Do not delete untagged parents' },
  ],
  load: () => import('./commands/rmi.ts'),
};

const IMAGE_PRUNE: CommandSpec = {
  name: 'prune',
  summary: 'Remove unused images',
  usage: '[OPTIONS]',
  arity: { min: 0, max: 0 },
  flags: [
    { name: 'all', short: 'a', type: 'bool', usage: 'Remove all unused images, not just dangling ones' },
    { name: 'dry-run', type: 'bool', usage: 'Show what would be removed, and remove nothing' },
    { ...FILTER, usage: 'Provide filter values (e.g. "until=<timestamp>")' },
    { name: 'force', short: 'f', type: 'bool', usage: 'Do not prompt for confirmation' },
    { name: 'keep', type: 'int', usage: 'Number of newest tags of each repository to keep' },
  ],
  load: () => import('./commands/image-prune.ts'),
};

const PIN: CommandSpec = {
  name: 'pin',
  summary: 'Keep images from being pruned',
  description: 'Keep images from being pruned.\nLists pinned images if no image is specified.',
  usage: '[IMAGE...]',
  arity: { min: 0 },
  flags: [],
  load: () => import('./commands/pin.ts'),
};

const UNPIN: CommandSpec = {
  name: 'unpin',
  summary: 'Let pinned images be pruned again',
  usage: 'IMAGE [IMAGE...]',
  arity: { min: 1 },
  flags: [],
  load: () => import('./commands/unpin.ts'),
};

const SAVE: CommandSpec = {
  name: 'save',
  summary: 'Save one or more images to a tar archive (streamed to STDOUT by default)',
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  arity: { min: 1 },
  alsoKnownAs: ['image save', 'save'],
  flags: [
    { name: 'output', short: 'o', type: 'string', usage: 'Write to a file, instead of STDOUT' },
    { name: 'uncompressed', type: 'bool', usage: 'Write layers as plain tars, as older daemons do' },
  ],
  load: () => import('./commands/save.ts'),
};

const LOAD: CommandSpec = {
  name: 'load',
  summary: 'Load an image from a tar archive or STDIN',
  usage: '[OPTIONS]',
  arity: { min: 0, max: 0 },
  alsoKnownAs: ['image load', 'load'],
  flags: [
    {
      name: 'input',
      short: 'i',
      type: 'string',
      usage: 'Read from tar archive file or OCI layout directory, instead of STDIN',
    },
    { ...QUIET, usage: 'Suppress the load output' },
  ],
  load: () => import('./commands/load.ts'),
};

const IMPORT: CommandSpec = {
  name: 'import',
  summary: 'Import the contents from a tarball to create a filesystem image',
  usage: '[OPTIONS] file|URL|- [REPOSITORY[:TAG]]',
  arity: { min: 1 },
  alsoKnownAs: ['image import', 'import'],
  flags: [
    { name: 'change', short: 'c', type: 'list', usage: 'Apply Dockerfile instruction to the created image' },
    { name: 'message', short: 'm', type: 'string', usage: 'Set commit message for imported image' },
    PLATFORM,
  ],
  load: () => import('./commands/import.ts'),
};

const LOGIN: CommandSpec = {
  name: 'login',
  summary: 'Authenticate to a registry',
  description: 'Authenticate to a registry.\nDefaults to Docker Hub if no server is specified.',
  usage: '[OPTIONS] [SERVER]',
  arity: { min: 0, max: 1 },
  flags: [
    { name: 'password', short: 'p', type: 'string', usage: 'Password or Personal Access Token (PAT)' },
    {
      name: 'password-stdin',
      type: 'bool',
      usage: 'Take the Password or Personal Access Token (PAT) from stdin',
    },
    { name: 'username', short: 'u', type: 'string', usage: 'Username' },
  ],
  load: () => import('./commands/login.ts'),
};

const LOGOUT: CommandSpec = {
  name: 'logout',
  summary: 'Log out from a registry',
  description: 'Log out from a registry.\nDefaults to Docker Hub if no server is specified.',
  usage: '[SERVER]',
  arity: { min: 0, max: 1 },
  flags: [],
  load: () => import('./commands/logout.ts'),
};

const VERSION_COMMAND: CommandSpec = {
  name: 'version',
  summary: 'Show the wherry version information',
  usage: '[OPTIONS]',
  arity: { min: 0, max: 0 },
  flags: [OBJECT_FORMAT],
  load: () => import('./commands/version.ts'),
};

const INFO: CommandSpec = {
  name: 'info',
  summary: 'Display system-wide information',
  usage: '[OPTIONS]',
  arity: { min: 0, max: 0 },
  alsoKnownAs: ['system info', 'info'],
  flags: [OBJECT_FORMAT],
  load: () => import('./commands/info.ts'),
};

const SEARCH: CommandSpec = {
  name: 'search',
  summary: 'Search Docker Hub for images',
  usage: '[OPTIONS] TERM',
  arity: { min: 1, max: 1 },
  flags: [
    { ...FILTER, short: 'f', usage: 'Filter output based on conditions provided' },
    { name: 'format', type: 'string', usage: 'Pretty-print search using a Go template' },
    { name: 'limit', type: 'int', usage: 'Max number of search results' },
    NO_TRUNC,
  ],
  load: () => import('./commands/search.ts'),
};

const SERVE: CommandSpec = {
  name: 'serve',
  summary: 'Serve the content store as a registry',
  usage: '[OPTIONS]',
  arity: { min: 0, max: 0 },
  flags: [{ name: 'addr', type: 'string', default: '127.0.0.1:5000', usage: 'Address to listen on' }],
  load: () => import('./commands/serve.ts'),
};

const SYSTEM_CHECK: CommandSpec = {
  name: 'check',
  summary: 'Verify every blob and record of the content store',
  usage: '[OPTIONS]',
  arity: { min: 0, max: 0 },
  flags: [
    { name: 'repair', type: 'bool', usage: 'Set faulty content aside and rebuild what can be rebuilt' },
  ],
  load: () => import('./commands/system-check.ts'),
};

const SYSTEM_DF: CommandSpec = {
  name: 'df',
  summary: 'Show wherry disk usage',
  usage: '[OPTIONS]',
  arity: { min: 0, max: 0 },
  flags: [
    FORMAT,
    { name: 'verbose', short: 'v', type: 'bool', usage: 'Show detailed information on space usage' },
  ],
  load: () => import('./commands/system-df.ts'),
};

const SYSTEM_RATELIMIT: CommandSpec = {
  name: 'ratelimit',
  summary: 'Show how many pulls a registry still allows',
  description:
    'Show how many pulls a registry still allows.\nDefaults to Docker Hub if no registry is specified.',
  usage: '[REGISTRY]',
  arity: { min: 0, max: 1 },
  flags: [],
  load: () => import('./commands/system-ratelimit.ts'),
};

/** The commands that stand first in the list, and those that follow. */
export const COMMON_COMMANDS: readonly CommandSpec[] = [
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
  HISTORY,
  IMPORT,
  INSPECT,
  LOAD,
  OUTDATED,
  PIN,
  RMI,
  SAVE,
  TAG,
  TAGS,
  UNPIN,
];

export const GROUPS: readonly GroupSpec[] = [
  {
    name: 'image',
    summary: 'Manage images',
    commands: [
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
      TAG,
    ],
  },
  {
    name: 'system',
    summary: 'Manage wherry',
    commands: [SYSTEM_CHECK, SYSTEM_DF, INFO, SYSTEM_RATELIMIT],
  },
];
