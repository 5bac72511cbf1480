import type { FlagSpec } from '../flags.ts';

const TITLE = 'Format output using a custom template:';
const TABLE_LINES = [
  "'table':            Print output in table format with column headers (default)",
  "'table TEMPLATE':   Print output in table format using the given Go template",
];
const LINES = [
  "'json':             Print in JSON format",
  "'TEMPLATE':         Print output using the given Go template.",
  'Refer to https://docs.docker.com/go/formatting/ for more information about formatting output with templates',
];

/** `--format` of a list. */
export const FORMAT: FlagSpec = {
  name: 'format',
  type: 'string',
  usage: [TITLE, ...TABLE_LINES, ...LINES].join('\n'),
  values: ['json', 'table'],
};

/** `--format` of what is told of in words when nothing is said. */
export const RESULT_FORMAT: FlagSpec = {
  name: 'format',
  type: 'string',
  usage: "Print the result as 'json', as 'table', or using a Go template",
  values: ['json', 'table'],
};

/** `--format` of what is printed about one thing. */
export const OBJECT_FORMAT: FlagSpec = {
  name: 'format',
  short: 'f',
  type: 'string',
  usage: [TITLE, ...LINES].join('\n'),
  values: ['json'],
};

export const CONTENT_TRUST = { name: 'disable-content-trust', type: 'bool', default: true } as const;
export const FILTER = { name: 'filter', type: 'filter' } as const;
export const JOBS = { name: 'jobs', type: 'int' } as const;
export const QUIET = { name: 'quiet', short: 'q', type: 'bool' } as const;
export const NO_TRUNC = { name: 'no-trunc', type: 'bool', usage: "Don't truncate output" } as const;
export const QUIET_IDS = { ...QUIET, usage: 'Only show image IDs' } as const;
/** What `--platform` is completed with. */
export const PLATFORMS = [
  'linux/amd64',
  'linux/arm64',
  'linux/arm/v7',
  'linux/arm/v6',
  'linux/386',
  'linux/ppc64le',
  'linux/riscv64',
  'linux/s390x',
  'windows/amd64',
];
export const PLATFORM = {
  name: 'platform',
  type: 'string',
  usage: 'Set platform if server is multi-platform capable',
  values: PLATFORMS,
} as const;
/** The flag of commands that can look at a registry in place of the store. */
export const REMOTE = { name: 'remote', type: 'bool' } as const;
/** `--platform` of what `--remote` shows. */
export const REMOTE_PLATFORM = {
  name: 'platform',
  type: 'string',
  usage: 'With --remote: platform to show of a multi-platform image',
  values: PLATFORMS,
} as const;

/** How the platform of one image of an index is written, and several. */
export const PLATFORM_FORM = 'Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")';
export const PLATFORMS_FORM =
  'Formatted as a comma-separated list of "os[/arch[/variant]]" (e.g., "linux/amd64,linux/arm64/v8")';
export const EXPLICIT_PLATFORM = "'os[/arch[/variant]]': Explicit platform (eg. linux/amd64)";
