import type { CommandSpec } from '../command.ts';
import { RESULT_FORMAT } from './shared-flags.ts';

export const CONVERT: CommandSpec = {
  name: 'convert',
  summary: 'Compress the layers of an image in another way',
  usage: '[OPTIONS] IMAGE',
  arity: { min: 1, max: 1 },
  operands: ['image'],
  alsoKnownAs: ['image convert', 'convert'],
  flags: [
    {
      name: 'compression',
      type: 'string',
      usage: 'How to compress the layers ("gzip", "zstd", "none")',
      values: ['gzip', 'zstd', 'none'],
    },
    RESULT_FORMAT,
    { name: 'level', type: 'int', usage: 'Compression level: 1 to 9 for gzip, 1 to 19 for zstd' },
    {
      name: 'tag',
      short: 't',
      type: 'string',
      usage: 'Name the result, instead of moving the tag to it (format: "name:tag")',
    },
  ],
  load: () => import('../commands/images/convert.ts'),
};

export const SQUASH: CommandSpec = {
  name: 'squash',
  summary: 'Merge the layers of an image into one',
  usage: '[OPTIONS] IMAGE',
  arity: { min: 1, max: 1 },
  operands: ['image'],
  alsoKnownAs: ['image squash', 'squash'],
  flags: [
    RESULT_FORMAT,
    {
      name: 'from',
      type: 'string',
      usage: 'Keep the layers of this image, or those up to this layer',
      values: 'image',
    },
    { name: 'message', short: 'm', type: 'string', usage: 'Set commit message for the merged layer' },
    { name: 'tag', short: 't', type: 'string', usage: 'Name the new image (format: "name:tag")' },
  ],
  load: () => import('../commands/images/squash.ts'),
};
