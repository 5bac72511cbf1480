import type { CommandSpec } from '../command.ts';

export const SQUASH: CommandSpec = {
  name: 'squash',
  summary: 'Merge the layers of an image into one',
  usage: '[OPTIONS] IMAGE',
  arity: { min: 1, max: 1 },
  alsoKnownAs: ['image squash', 'squash'],
  flags: [
    { name: 'from', type: 'string', usage: 'Keep the layers of this image, or those up to this layer' },
    { name: 'message', short: 'm', type: 'string', usage: 'Set commit message for the merged layer' },
    { name: 'tag', short: 't', type: 'string', usage: 'Name the new image (format: "name:tag")' },
  ],
  load: () => import('../commands/squash.ts'),
};
