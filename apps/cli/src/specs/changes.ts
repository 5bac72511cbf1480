import type { CommandSpec } from '../command.ts';
import { RESULT_FORMAT } from './shared-flags.ts';

export const COMMIT: CommandSpec = {
  name: 'commit',
  summary: "Create a new image from a container's changes",
  usage: '[OPTIONS] CONTAINER [REPOSITORY[:TAG]]',
  arity: { min: 1, max: 2 },
  operands: ['container', 'image'],
  alsoKnownAs: ['container commit', 'commit'],
  flags: [
    {
      name: 'author',
      short: 'a',
      type: 'string',
      usage: 'Author (e.g., "John Hannibal Smith <hannibal@a-team.com>")',
    },
    { name: 'change', short: 'c', type: 'list', usage: 'Apply Dockerfile instruction to the created image' },
    RESULT_FORMAT,
    { name: 'message', short: 'm', type: 'string', usage: 'Commit message' },
    { name: 'no-pause', type: 'bool', usage: 'Disable pausing container during commit' },
    { name: 'pause', short: 'p', type: 'bool', default: true, usage: 'Pause container during commit' },
  ],
  namespace: 'needed',
  load: () => import('../commands/containers/commit.ts'),
};
