/**
 * What of `pruneFilters` in Docker's `config.json` counts beside the filters that were given: a label that
 * those ask for otherwise does not, nor does what is no filter at all. docker/cli, `command.PruneFilters`.
 */
export function configuredFilters(configured: readonly string[], given: readonly string[]): string[] {
  const asked = new Set(given.map((text) => text.trim()));
  const opposite = (text: string) => text.replace(/^label(!?)=/, (_, not) => (not ? 'label=' : 'label!='));
  return configured.filter((text) => /[=<>]/.test(text) && !(isLabel(text) && asked.has(opposite(text))));
}

function isLabel(text: string): boolean {
  return /^label!?=/.test(text);
}
