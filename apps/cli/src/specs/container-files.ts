import type { CommandSpec } from '../command.ts';

export const CP: CommandSpec = {
  name: 'cp',
  summary: 'Copy files/folders between a container and the local filesystem',
  description: [
    'Copy files/folders between a container and the local filesystem',
    '',
    "Use '-' as the source to read a tar archive from stdin",
    'and extract it to a directory destination in a container.',
    "Use '-' as the destination to stream a tar archive of a",
    'container source to stdout.',
  ].join('\n'),
  usage: '[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n\twherry cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH',
  arity: { min: 2, max: 2 },
  operands: ['file'],
  alsoKnownAs: ['container cp', 'cp'],
  flags: [
    { name: 'archive', short: 'a', type: 'bool', usage: 'Archive mode (copy all uid/gid information)' },
    { name: 'follow-link', short: 'L', type: 'bool', usage: 'Always follow symbol link in SRC_PATH' },
    {
      name: 'quiet',
      short: 'q',
      type: 'bool',
      usage:
        'Suppress progress output during copy. Progress output is automatically suppressed if no terminal is attached',
    },
  ],
  namespace: 'needed',
  load: () => import('../commands/containers/cp.ts'),
};

export const DIFF: CommandSpec = {
  name: 'diff',
  summary: "Inspect changes to files or directories on a container's filesystem",
  usage: 'CONTAINER',
  arity: { min: 1, max: 1 },
  operands: ['container'],
  alsoKnownAs: ['container diff', 'diff'],
  flags: [],
  namespace: 'needed',
  load: () => import('../commands/containers/diff.ts'),
};

export const EXPORT: CommandSpec = {
  name: 'export',
  summary: "Export a container's filesystem as a tar archive",
  usage: '[OPTIONS] CONTAINER',
  arity: { min: 1, max: 1 },
  operands: ['container'],
  alsoKnownAs: ['container export', 'export'],
  flags: [
    {
      name: 'output',
      short: 'o',
      type: 'string',
      usage: 'Write to a file, instead of STDOUT',
      values: 'file',
    },
  ],
  namespace: 'needed',
  load: () => import('../commands/containers/export.ts'),
};
