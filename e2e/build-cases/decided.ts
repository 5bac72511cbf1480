import type { DecidedDifference } from './case.ts';

/** Why results differ on purpose. docs/compatibility.md has these very sentences. */
export const REASONS = {
  'newer words':
    'Mistakes in a Dockerfile are told of as the newest parser does, with a proposal where a word may be misspelt.',
  'no stage': 'A Dockerfile of `ARG` alone is told of as an empty one; the daemon breaks off.',
  'inherited arguments':
    'A stage knows the build arguments of the stage that it stands on, as with BuildKit.',
  'environment first':
    '`ENV` hides an `ARG` of the same name wherever it stands, as the reference and the older builder have it; ' +
    'with BuildKit the later one counts.',
  'numbered targets': '`--target` takes the number of a stage too.',
  'same names': 'Of two stages of one name the later one is meant, as with BuildKit.',
  volumes:
    'A `RUN` makes no directories for the volumes of the image, and what it writes in one stays, as with BuildKit.',
  proxies:
    'Proxies that are given as build arguments reach `RUN` alone, in both spellings, as with BuildKit.',
  'workdir owner': 'Directories that `WORKDIR` makes belong to `USER`, as with BuildKit.',
  'plain workdir': 'A working directory has no slash at its end.',
  'no health check': '`HEALTHCHECK NONE` leaves nothing of what the base says, as with BuildKit.',
  'mount points':
    'What is mounted for a `RUN` leaves no empty directory in the image, as with the newest BuildKit.',
  'older config':
    'The config is written as the older builder does: without `ArgsEscaped`, and without a working directory ' +
    'where nothing sets one.',
  'label steps': '`--label` makes a step of each label, as with the older builder.',
  'copied shape': 'The history tells of what `COPY --from` takes as `file` also where it is a directory.',
  'kept modes': 'Copies keep the setuid bit and capabilities, as with BuildKit.',
  'all mode bits': '`--chmod` sets setuid, setgid and sticky bits too, as with the newest BuildKit.',
  'special files': 'FIFOs and devices are copied from stages, as with the older builder.',
  'owned archives':
    'The directory that `ADD --chown` unpacks into gets that owner if it is made, as with BuildKit.',
  'file over directory': "A copied file takes no directory's place, which is an error, as with BuildKit.",
} as const;

export type Reason = keyof typeof REASONS;

/** In every case, as far as it comes to that. */
export const EVERYWHERE: readonly DecidedDifference[] = [
  { at: 'config ArgsEscaped', from: 'buildkit', reason: 'older config' },
  { at: 'config WorkingDir', from: 'buildkit', reason: 'older config' },
  { at: 'tree /proc', from: 'buildkit', reason: 'mount points' },
  { at: 'tree /sys', from: 'buildkit', reason: 'mount points' },
];
