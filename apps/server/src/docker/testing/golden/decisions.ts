/** Why an answer differs on purpose, by the case; docs/compatibility.md tells of each. */
const DECISIONS: Readonly<Record<string, string>> = {
  'auth/raw-empty': 'no credentials are no login: 401',
  'containers/raw-create-platform-mismatch': 'the words of later engines, as everywhere in wherry',
  'distribution/raw-missing-repo': 'says what a pull of the same name says',
  'general/raw-version-too-old':
    'a message in JSON, as for a version that is too new, and as later engines have it',
  'load/raw-empty': 'says what the archive lacks, and names no file of the service',
};

export function whyDifferent(id: string): string | undefined {
  return DECISIONS[id];
}
