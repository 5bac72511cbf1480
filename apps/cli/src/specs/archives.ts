import type { CommandSpec } from '../command.ts';
import { PLATFORM, PLATFORMS, PLATFORMS_FORM, QUIET, RESULT_FORMAT } from './shared-flags.ts';

export const SAVE: CommandSpec = {
  name: 'save',
  summary: 'Save one or more images to a tar archive (streamed to STDOUT by default)',
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  arity: { min: 1 },
  operands: ['image'],
  alsoKnownAs: ['image save', 'save'],
  flags: [
    {
      name: 'output',
      short: 'o',
      type: 'string',
      usage: 'Write to a file, instead of STDOUT',
      values: 'file',
    },
    {
      name: 'platform',
      type: 'strings',
      usage: `Save only the given platform(s). ${PLATFORMS_FORM}`,
      values: PLATFORMS,
    },
    {
      name: 'since',
      type: 'list',
      usage: 'Leave out layers that this image or archive has',
      values: 'image',
    },
    { name: 'uncompressed', type: 'bool', usage: 'Write layers as plain tars, as older daemons do' },
  ],
  load: () => import('../commands/images/save.ts'),
};

export const LOAD: CommandSpec = {
  name: 'load',
  summary: 'Load an image from a tar archive or STDIN',
  usage: '[OPTIONS]',
  arity: { min: 0, max: 0 },
  alsoKnownAs: ['image load', 'load'],
  flags: [
    RESULT_FORMAT,
    {
      name: 'input',
      short: 'i',
      type: 'string',
      usage: 'Read from tar archive file, instead of STDIN',
      values: 'file',
    },
    {
      name: 'platform',
      type: 'strings',
      usage: `Load only the given platform(s). ${PLATFORMS_FORM}`,
      values: PLATFORMS,
    },
    { ...QUIET, usage: 'Suppress the load output' },
  ],
  load: () => import('../commands/images/load.ts'),
};

export const IMPORT: CommandSpec = {
  name: 'import',
  summary: 'Import the contents from a tarball to create a filesystem image',
  usage: '[OPTIONS] file|URL|- [REPOSITORY[:TAG]]',
  arity: { min: 1 },
  operands: ['file', 'image'],
  alsoKnownAs: ['image import', 'import'],
  flags: [
    { name: 'change', short: 'c', type: 'list', usage: 'Apply Dockerfile instruction to the created image' },
    RESULT_FORMAT,
    { name: 'message', short: 'm', type: 'string', usage: 'Set commit message for imported image' },
    PLATFORM,
  ],
  load: () => import('../commands/images/import.ts'),
};
