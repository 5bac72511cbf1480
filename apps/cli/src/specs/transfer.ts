import type { CommandSpec } from '../command.ts';
import {
  CONTENT_TRUST,
  EXPLICIT_PLATFORM,
  FILTER,
  FORMAT,
  JOBS,
  NO_TRUNC,
  PLATFORM,
  PLATFORMS,
  QUIET,
  RESULT_FORMAT,
} from './shared-flags.ts';

export const PULL: CommandSpec = {
  name: 'pull',
  summary: 'Download an image from a registry',
  usage: '[OPTIONS] NAME[:TAG|@DIGEST]',
  arity: { min: 1, max: 1 },
  operands: ['remote-image'],
  alsoKnownAs: ['image pull', 'pull'],
  flags: [
    { name: 'all-platforms', type: 'bool', usage: 'Download the image for every platform' },
    { name: 'all-tags', short: 'a', type: 'bool', usage: 'Download all tagged images in the repository' },
    { name: 'check', type: 'bool', usage: 'Only tell if the registry has a newer image' },
    { ...CONTENT_TRUST, usage: 'Skip image verification' },
    { name: 'explain', type: 'bool', usage: 'List the endpoints that would be asked, and why' },
    RESULT_FORMAT,
    { ...JOBS, usage: 'Number of layers to download at once' },
    PLATFORM,
    { ...QUIET, usage: 'Suppress verbose output' },
  ],
  load: () => import('../commands/registry/pull.ts'),
};

export const PUSH: CommandSpec = {
  name: 'push',
  summary: 'Upload an image to a registry',
  usage: '[OPTIONS] NAME[:TAG]',
  arity: { min: 1, max: 1 },
  operands: ['image'],
  alsoKnownAs: ['image push', 'push'],
  flags: [
    { name: 'all-tags', short: 'a', type: 'bool', usage: 'Push all tags of an image to the repository' },
    { ...CONTENT_TRUST, usage: 'Skip image signing' },
    RESULT_FORMAT,
    { ...JOBS, usage: 'Number of layers to upload at once' },
    {
      name: 'platform',
      type: 'string',
      usage: [
        'Push a platform-specific manifest as a single-platform image to the registry.',
        "Image index won't be pushed, meaning that other manifests, including attestations won't be preserved.",
        EXPLICIT_PLATFORM,
      ].join('\n'),
      values: PLATFORMS,
    },
    { ...QUIET, usage: 'Suppress verbose output' },
  ],
  load: () => import('../commands/registry/push.ts'),
};

export const COPY: CommandSpec = {
  name: 'copy',
  summary: 'Copy an image between registries, layouts and archives',
  description:
    'Copy an image between registries, layouts and archives, past the store.\n\n' +
    'SOURCE and TARGET are each a name in a registry, oci:PATH[:TAG] for an OCI layout directory,\n' +
    'oci-archive:FILE[:TAG] for one in a tar, or docker-archive:FILE[:NAME[:TAG]] for an archive of\n' +
    'docker save. SOURCE may also be a path that begins with / or ./ to one of these.\n\n' +
    'All that the name of SOURCE points at is copied, every platform of an index. --platform narrows it.',
  usage: '[OPTIONS] SOURCE TARGET',
  arity: { min: 2, max: 2 },
  operands: ['remote-image', 'remote-image'],
  flags: [
    { name: 'all-platforms', type: 'bool', usage: 'Copy the image for every platform (default)' },
    RESULT_FORMAT,
    { ...JOBS, usage: 'Number of blobs to copy at once' },
    {
      name: 'platform',
      type: 'list',
      usage: 'Copy the image for this platform, or an index of several, instead of all',
      values: PLATFORMS,
    },
    { ...QUIET, usage: 'Suppress verbose output' },
    { name: 'referrers', type: 'bool', usage: 'Copy signatures, attestations and other referrers too' },
  ],
  load: () => import('../commands/registry/copy.ts'),
};

export const TAGS: CommandSpec = {
  name: 'tags',
  summary: 'List the tags of a repository in its registry',
  usage: '[OPTIONS] REPOSITORY',
  arity: { min: 1, max: 1 },
  operands: ['repository'],
  flags: [
    { name: 'digests', type: 'bool', usage: 'Show the digest that each tag points to' },
    {
      name: 'filter',
      short: 'f',
      type: 'list',
      usage: 'Only show tags that match a pattern, or one of several',
    },
    RESULT_FORMAT,
    { name: 'limit', type: 'int', usage: 'Show no more tags than this' },
    {
      name: 'sort',
      type: 'string',
      default: 'semver',
      usage: 'Order: newest version first (semver), by name, or as the registry has them (none)',
      values: ['semver', 'name', 'none'],
    },
  ],
  load: () => import('../commands/registry/tags.ts'),
};

export const OUTDATED: CommandSpec = {
  name: 'outdated',
  summary: 'List images that are newer in their registry',
  usage: '[OPTIONS] [NAME[:TAG]...]',
  arity: { min: 0 },
  operands: ['image'],
  flags: [FORMAT],
  load: () => import('../commands/registry/outdated.ts'),
};

export const SEARCH: CommandSpec = {
  name: 'search',
  summary: 'Search Docker Hub for images',
  usage: '[OPTIONS] TERM',
  arity: { min: 1, max: 1 },
  flags: [
    {
      ...FILTER,
      short: 'f',
      usage: 'Filter output based on conditions provided',
      values: ['is-automated=', 'is-official=', 'stars='],
    },
    {
      name: 'format',
      type: 'string',
      usage: 'Pretty-print search using a Go template',
      values: ['json', 'table'],
    },
    { name: 'limit', type: 'int', usage: 'Max number of search results' },
    NO_TRUNC,
  ],
  load: () => import('../commands/registry/search.ts'),
};

export const VERIFY: CommandSpec = {
  name: 'verify',
  summary: 'Check the signatures of images in their registry',
  description:
    'Check the signatures of images in their registry.\n' +
    'Without --key, the keys that config.toml has for the name count.',
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  arity: { min: 1 },
  operands: ['remote-image'],
  flags: [
    {
      name: 'format',
      type: 'string',
      usage: "Print all that was found in another format ('json')",
      values: ['json'],
    },
    {
      name: 'key',
      type: 'list',
      usage: 'File of a public key, or one of several, any of which will do',
      values: 'file',
    },
    {
      name: 'platform',
      type: 'string',
      usage: 'Check the image for a platform instead of the index',
      values: PLATFORMS,
    },
  ],
  load: () => import('../commands/registry/verify.ts'),
};
