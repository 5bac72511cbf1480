const NAMES_REPOSITORY = 'names the repository, as the client does; the older daemon did not';
const KEY_WANTED = 'wants a key of the configuration to have signed the image, and asks no Notary service';
const OTHER_STORAGE =
  'names the way in which wherry stores layers, and has no directories of overlay2 to show';
const SAYS_WHAT_IT_IS = 'says what the archive is not, in the place of the file that the daemon missed';

/** Cases in which wherry differs on purpose, and why. A row whose case has become equal fails the test. */
export const DIFFERENCES: Readonly<Record<string, string>> = {
  'history/bad-ref': NAMES_REPOSITORY,
  'import/platform': 'gives the image the platform that was asked for; the older daemon kept its own',
  'import/url-gz': 'prints no empty line after a download',
  'inspect/format-dot': OTHER_STORAGE,
  'inspect/format-graphdriver': OTHER_STORAGE,
  'inspect/image-inspect-platform': 'has --platform for --remote alone: an image in the store is for one',
  'load/bad-repotag': NAMES_REPOSITORY,
  'load/config-path-outside': 'says that the path leaves the archive, not where the daemon unpacked it',
  'load/empty-file': SAYS_WHAT_IT_IS,
  'load/input-is-dir': 'takes a directory for an OCI layout',
  'load/manifest-bad-json': 'names the member that is not JSON',
  'load/oci-layout': 'reads OCI layouts',
  'load/rootfs-archive': SAYS_WHAT_IT_IS,
  'load/stdin-empty': SAYS_WHAT_IT_IS,
  'load/zst': 'reads archives packed with zstd',
  'pull/all-tags-again': 'pulls tags in the order of the registry, which is not that of the recorded one',
  'pull/content-trust-enabled': KEY_WANTED,
  'pull/content-trust-env': KEY_WANTED,
  'push/content-trust': 'says before all else that signing is not offered',
  'save/bad-ref': NAMES_REPOSITORY,
};
