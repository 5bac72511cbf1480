const ASKED_PLATFORM = 'gives the image the platform that was asked for; the older daemon kept its own';
const GROUP_HELP = 'prints the help that the tutorial recommends; the newer client knows no such command';
const BUILDKIT = 'has the language and the options of BuildKit, which the classic builder has not';
const AUTOMATED = 'has the column AUTOMATED, because a result is one; the newer client never has it';
const HOST_NETWORK = 'has `host` as the network: there is no bridge';
const INSPECTED =
  'has `host` as the network, `wherry` as the driver and one masked path more, and its times in milliseconds';
const NO_DAEMON = 'says which registry is meant where none is named; no daemon defines one';
const OTHER_STORAGE = 'names the way in which it stores layers';
const SAYS_WHAT_IT_IS = 'says what the archive is not, in the place of the file that the daemon missed';

/**
 * Cases in which wherry differs on purpose, and why. `docs/compatibility.md` has a line for each. A row whose
 * case has become equal fails the suite.
 */
export const DIFFERENCES: Readonly<Record<string, string>> = {
  'build/platform-flag': 'asks the registry for the platform that the base here is not for',
  'build/progress-plain': BUILDKIT,
  'general/image-help': GROUP_HELP,
  'general/image-help-pull': GROUP_HELP,
  'help/image-help': GROUP_HELP,
  'help/logout': NO_DAEMON,
  'help/start': 'says nothing of signals handed on: one ends the container',
  'import/platform': ASKED_PLATFORM,
  'inspect/both': INSPECTED,
  'inspect/container': INSPECTED,
  'inspect/container-exited': INSPECTED,
  'inspect/format-graphdriver': OTHER_STORAGE,
  'load/config-path-outside': 'says that the path leaves the archive, not where the daemon unpacked it',
  'load/empty-file': SAYS_WHAT_IT_IS,
  'load/oci-layout': 'reads OCI layouts',
  'load/rootfs-archive': SAYS_WHAT_IT_IS,
  'load/stdin-empty': SAYS_WHAT_IT_IS,
  'load/zst': 'reads archives packed with zstd',
  'ps/format-json': HOST_NETWORK,
  'ps/format-json-dot': HOST_NETWORK,
  'ps/format-mounts': HOST_NETWORK,
  'run/platform-mismatch':
    'has the words of all its commands, and says for which platforms the image is here',
  'search/automated': AUTOMATED,
  'search/limit-0': AUTOMATED,
  'search/limit-neg': AUTOMATED,
};

/** The same for cases that run programs, which the project's copy of the recordings lacks. */
export const DIFFERENCES_OF_PROGRAMS: Readonly<Record<string, string>> = {
  'build/all-instructions-files': 'gives a directory that WORKDIR makes to the user, as BuildKit does',
  'build/all-instructions-history': 'gives all that a build makes the time of the base',
  'build/heredoc': BUILDKIT,
  'build/mount-needs-buildkit': BUILDKIT,
  'build/multi-stage-cached': 'builds the stages alone that the result needs, as BuildKit does',
  'build/rm-false': 'keeps no containers of steps, and says so',
  'build/squash': 'needs no experimental daemon',
  'build/symlink-copy': 'gives all that is copied one time, that of the base',
  'build/target-number': 'takes a stage by its number, as BuildKit does',
  'build/workdir-created': 'gives a directory that WORKDIR makes to the user, as BuildKit does',
  'container/port': 'publishes no ports: there is no bridge',
};

/** What a difference is for; `undefined`: the case is to be equal. */
export function whyDifferent(id: string): string | undefined {
  if (Object.hasOwn(DIFFERENCES, id)) return DIFFERENCES[id];
  return Object.hasOwn(DIFFERENCES_OF_PROGRAMS, id) ? DIFFERENCES_OF_PROGRAMS[id] : undefined;
}
