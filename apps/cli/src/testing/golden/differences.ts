const ASKED_PLATFORM = 'gives the image the platform that was asked for; the older daemon kept its own';
const DISK_SPACE = 'says what the disk gets back, in the place of how large the files in the layers were';
const NO_DAEMON = 'says which registry is meant where none is named; no daemon defines one';
const OTHER_STORAGE = 'names the way in which it stores layers';
const SAYS_WHAT_IT_IS = 'says what the archive is not, in the place of the file that the daemon missed';

/**
 * Cases in which wherry differs on purpose, and why. `docs/compatibility.md` has a line for each. A row whose
 * case has become equal fails the suite.
 */
export const DIFFERENCES: Readonly<Record<string, string>> = {
  'help/logout': NO_DAEMON,
  'image-prune/all-filter-label': DISK_SPACE,
  'image-prune/all-filter-until-date': DISK_SPACE,
  'image-prune/all-several-tags': DISK_SPACE,
  'image-prune/filter-dangling-false': DISK_SPACE,
  'image-prune/filter-label': DISK_SPACE,
  'image-prune/force': DISK_SPACE,
  'image-prune/prompt-Y': DISK_SPACE,
  'image-prune/tty-prompt-y': DISK_SPACE,
  'import/platform': ASKED_PLATFORM,
  'inspect/format-graphdriver': OTHER_STORAGE,
  'load/config-path-outside': 'says that the path leaves the archive, not where the daemon unpacked it',
  'load/empty-file': SAYS_WHAT_IT_IS,
  'load/oci-layout': 'reads OCI layouts',
  'load/rootfs-archive': SAYS_WHAT_IT_IS,
  'load/stdin-empty': SAYS_WHAT_IT_IS,
  'load/zst': 'reads archives packed with zstd',
};
