import type { FlagSpec } from './flags.ts';

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
};

/** `--format` of what is printed about one thing. */
export const OBJECT_FORMAT: FlagSpec = {
  name: 'format',
  short: 'f',
  type: 'string',
  usage: [TITLE, ...LINES].join('\n'),
};
