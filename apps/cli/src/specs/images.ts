import type { CommandSpec } from '../command.ts';
import {
  EXPLICIT_PLATFORM,
  FILTER,
  FORMAT,
  NO_TRUNC,
  OBJECT_FORMAT,
  PLATFORM_FORM,
  PLATFORMS,
  QUIET_IDS,
  REMOTE,
  REMOTE_PLATFORM,
  RESULT_FORMAT,
} from './shared-flags.ts';

export const IMAGES: CommandSpec = {
  name: 'images',
  summary: 'List images',
  usage: '[OPTIONS] [REPOSITORY[:TAG]]',
  arity: { min: 0, max: 1 },
  operands: ['image'],
  alsoKnownAs: ['image ls', 'image list', 'images'],
  flags: [
    { name: 'all', short: 'a', type: 'bool', usage: 'Show all images (default hides intermediate images)' },
    { name: 'digests', type: 'bool', usage: 'Show digests' },
    {
      ...FILTER,
      short: 'f',
      usage: 'Filter output based on conditions provided',
      values: ['before=', 'dangling=false', 'dangling=true', 'label=', 'reference=', 'since='],
    },
    FORMAT,
    NO_TRUNC,
    QUIET_IDS,
    {
      name: 'size',
      type: 'string',
      usage: [
        'Show in SIZE:',
        "'transfer':   What a pull of the image transfers",
        "'disk':       What the store keeps of it",
        "'unique':     What no other image needs",
      ].join('\n'),
    },
    { name: 'tree', type: 'bool', usage: 'List multi-platform images as a tree (EXPERIMENTAL)' },
  ],
  load: () => import('../commands/images/images.ts'),
};

export const TAG: CommandSpec = {
  name: 'tag',
  summary: 'Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE',
  usage: 'SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]',
  arity: { min: 2, max: 2 },
  operands: ['image', 'image'],
  alsoKnownAs: ['image tag', 'tag'],
  flags: [{ ...REMOTE, usage: 'Create the tag in the registry, without transferring blobs' }],
  load: () => import('../commands/images/tag.ts'),
};

export const INSPECT: CommandSpec = {
  name: 'inspect',
  summary: 'Return low-level information on Docker objects',
  usage: '[OPTIONS] NAME|ID [NAME|ID...]',
  arity: { min: 1 },
  operands: ['object'],
  flags: [
    OBJECT_FORMAT,
    REMOTE_PLATFORM,
    { ...REMOTE, usage: 'Inspect images in their registries' },
    {
      name: 'size',
      short: 's',
      type: 'bool',
      usage: 'Display total file sizes if the type is container',
    },
    {
      name: 'type',
      type: 'string',
      usage: 'Only inspect objects of the given type',
      values: ['container', 'image'],
    },
  ],
  load: () => import('../commands/inspect.ts'),
};

export const IMAGE_INSPECT: CommandSpec = {
  name: 'inspect',
  summary: 'Display detailed information on one or more images',
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  arity: { min: 1 },
  operands: ['image'],
  flags: [
    OBJECT_FORMAT,
    {
      name: 'platform',
      type: 'string',
      usage: [
        'Inspect a specific platform of the multi-platform image.',
        'If the image or the server is not multi-platform capable, the command will error out if the platform does not match.',
        EXPLICIT_PLATFORM,
      ].join('\n'),
      values: PLATFORMS,
    },
    { ...REMOTE, usage: 'Inspect images in their registries' },
  ],
  load: () => import('../commands/images/image-inspect.ts'),
};

export const HISTORY: CommandSpec = {
  name: 'history',
  summary: 'Show the history of an image',
  usage: '[OPTIONS] IMAGE',
  arity: { min: 1, max: 1 },
  operands: ['image'],
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
    {
      name: 'platform',
      type: 'string',
      usage: `Show history for the given platform. ${PLATFORM_FORM}`,
      values: PLATFORMS,
    },
    QUIET_IDS,
  ],
  load: () => import('../commands/images/history.ts'),
};

export const RMI: CommandSpec = {
  name: 'rmi',
  summary: 'Remove one or more images',
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  arity: { min: 1 },
  operands: ['image'],
  alsoKnownAs: ['image rm', 'image remove', 'rmi'],
  flags: [
    { name: 'force', short: 'f', type: 'bool', usage: 'Force removal of the image' },
    RESULT_FORMAT,
    { name: 'no-prune', type: 'bool', usage: 'Do not delete untagged parents' },
    {
      name: 'platform',
      type: 'strings',
      usage: `Remove only the given platform variant. ${PLATFORM_FORM}`,
      values: PLATFORMS,
    },
    { ...REMOTE, usage: 'Delete tags, or manifests by digest, in the registry' },
  ],
  namespace: 'useful',
  load: () => import('../commands/images/rmi.ts'),
};

export const IMAGE_PRUNE: CommandSpec = {
  name: 'prune',
  summary: 'Remove unused images',
  usage: '[OPTIONS]',
  arity: { min: 0, max: 0 },
  flags: [
    { name: 'all', short: 'a', type: 'bool', usage: 'Remove all unused images, not just dangling ones' },
    { name: 'dry-run', type: 'bool', usage: 'Show what would be removed, and remove nothing' },
    {
      ...FILTER,
      usage: 'Provide filter values (e.g. "until=<timestamp>")',
      values: ['dangling=false', 'dangling=true', 'label=', 'label!=', 'reference=', 'until='],
    },
    { name: 'force', short: 'f', type: 'bool', usage: 'Do not prompt for confirmation' },
    RESULT_FORMAT,
    { name: 'keep', type: 'int', usage: 'Number of newest tags of each repository to keep' },
  ],
  namespace: 'useful',
  load: () => import('../commands/images/image-prune.ts'),
};

export const PIN: CommandSpec = {
  name: 'pin',
  summary: 'Keep images from being pruned',
  description: 'Keep images from being pruned.\nLists pinned images if no image is specified.',
  usage: '[OPTIONS] [IMAGE...]',
  arity: { min: 0 },
  operands: ['image'],
  flags: [FORMAT],
  load: () => import('../commands/images/pin.ts'),
};

export const UNPIN: CommandSpec = {
  name: 'unpin',
  summary: 'Let pinned images be pruned again',
  usage: 'IMAGE [IMAGE...]',
  arity: { min: 1 },
  operands: ['image'],
  flags: [],
  load: () => import('../commands/images/unpin.ts'),
};
