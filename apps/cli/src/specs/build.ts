import type { CommandSpec } from '../command.ts';
import type { FlagSpec } from '../flags.ts';
import { BUILD_LIMIT_FLAGS } from './build-limit-flags.ts';
import { CONTENT_TRUST, JOBS, PLATFORMS, QUIET } from './shared-flags.ts';

/** What a build is made of, and from where. */
const INPUT_FLAGS: readonly FlagSpec[] = [
  { name: 'build-arg', type: 'list', usage: 'Set build-time variables' },
  {
    name: 'build-context',
    type: 'list',
    usage: 'Additional build contexts (e.g., name=path, name=docker-image://alpine)',
  },
  { name: 'compress', type: 'bool', usage: 'Compress the build context using gzip' },
  {
    name: 'file',
    short: 'f',
    type: 'string',
    usage: 'Name of the Dockerfile (Default is "PATH/Dockerfile")',
    values: 'file',
  },
  {
    name: 'platform',
    type: 'list',
    typeName: 'string',
    usage: 'Set platform if server is multi-platform capable',
    values: PLATFORMS,
  },
  { name: 'pull', type: 'bool', usage: 'Always attempt to pull a newer version of the image' },
  {
    name: 'secret',
    type: 'list',
    usage: 'Secret to expose to the build (e.g., id=mysecret,src=file or id=mysecret,env=NAME)',
  },
  {
    name: 'ssh',
    type: 'list',
    usage: 'SSH agent or keys to expose to the build (e.g., default or id=socket)',
  },
  { name: 'target', type: 'string', usage: 'Set the target build stage to build.' },
  {
    ...CONTENT_TRUST,
    usage: 'Skip image verification',
  },
];

/** What becomes of its result. */
const OUTPUT_FLAGS: readonly FlagSpec[] = [
  { name: 'annotation', type: 'list', usage: 'Add annotation to the image' },
  {
    name: 'compression',
    type: 'string',
    usage: 'How layers are packed that leave the store ("gzip", "zstd", "none")',
    values: ['gzip', 'zstd', 'none'],
  },
  { name: 'iidfile', type: 'string', usage: 'Write the image ID to the file', values: 'file' },
  { name: 'label', type: 'list', usage: 'Set metadata for an image' },
  { name: 'load', type: 'bool', usage: 'Put the image into the store (the default, beside other outputs)' },
  { name: 'metadata-file', type: 'string', usage: 'Write build result metadata to a file', values: 'file' },
  {
    name: 'output',
    short: 'o',
    type: 'list',
    usage: 'Output destination (e.g., "type=local,dest=path")',
    values: ['type=docker', 'type=image', 'type=local', 'type=oci', 'type=registry', 'type=tar'],
  },
  { name: 'push', type: 'bool', usage: 'Push the image after the build' },
  { name: 'squash', type: 'bool', usage: 'Squash newly built layers into a single new layer' },
  {
    name: 'tag',
    short: 't',
    type: 'list',
    usage: 'Name and optionally a tag in the "name:tag" format',
    values: 'image',
  },
  // Read to be refused: nothing here attests.
  { name: 'attest', type: 'list', usage: '', hidden: true },
  { name: 'provenance', type: 'string', usage: '', hidden: true },
  { name: 'sbom', type: 'string', usage: '', hidden: true },
];

const CACHE_FLAGS: readonly FlagSpec[] = [
  {
    name: 'cache-from',
    type: 'list',
    typeName: 'strings',
    usage: 'Images to consider as cache sources',
    values: 'image',
  },
  {
    name: 'cache-to',
    type: 'list',
    usage: 'Cache export destinations (e.g., type=local,dest=path or type=registry,ref=image)',
  },
  { name: 'no-cache', type: 'bool', usage: 'Do not use cache when building the image' },
  { name: 'no-cache-filter', type: 'strings', usage: 'Do not cache specified stages' },
];

/** How `RUN` works. */
const RUN_FLAGS: readonly FlagSpec[] = [
  { name: 'add-host', type: 'list', usage: 'Add a custom host-to-IP mapping ("host:ip")' },
  { name: 'force-rm', type: 'bool', usage: 'Always remove intermediate containers' },
  { name: 'isolation', type: 'string', usage: 'Container isolation technology', values: ['default'] },
  {
    name: 'network',
    type: 'string',
    default: 'default',
    usage: 'Set the networking mode for the RUN instructions during build',
    values: ['default', 'host', 'none'],
  },
  {
    name: 'rm',
    type: 'bool',
    default: true,
    usage: 'Remove intermediate containers after a successful build',
  },
  ...BUILD_LIMIT_FLAGS,
];

/** What is told of it. */
const DISPLAY_FLAGS: readonly FlagSpec[] = [
  {
    name: 'call',
    type: 'string',
    default: 'build',
    usage: 'What to do with the Dockerfile ("build", "check")',
    values: ['build', 'check'],
  },
  { name: 'check', type: 'bool', usage: 'Check the Dockerfile, and build nothing' },
  { name: 'explain', type: 'bool', usage: 'Say why each step was, or was not, taken from the cache' },
  { name: 'verify', type: 'bool', usage: 'Build twice, and name the first thing that differs' },
  {
    name: 'ignored',
    type: 'string',
    preset: '.',
    usage: 'List what the ignore file keeps out of the context, or tell of one path, and build nothing',
  },
  {
    name: 'progress',
    type: 'string',
    default: 'auto',
    usage: 'Set type of progress output ("auto", "plain", "tty", "rawjson")',
    values: ['auto', 'plain', 'tty', 'rawjson'],
  },
  { ...QUIET, usage: 'Suppress the build output and print image ID on success' },
  { ...JOBS, usage: 'Number of layers to transfer at once' },
];

export const BUILD: CommandSpec = {
  name: 'build',
  summary: 'Build an image from a Dockerfile',
  usage: '[OPTIONS] PATH | URL | -',
  arity: { min: 1, max: 1 },
  operands: ['directory'],
  alsoKnownAs: ['image build', 'build', 'builder build'],
  flags: [...INPUT_FLAGS, ...OUTPUT_FLAGS, ...CACHE_FLAGS, ...RUN_FLAGS, ...DISPLAY_FLAGS],
  namespace: 'wanted',
  load: () => import('../commands/images/build.ts'),
};
