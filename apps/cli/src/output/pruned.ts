import type { RemovalEvent } from '@wherry/core';

export const DRY_RUN = 'This was a dry run: nothing has been removed.\n';

/** What a prune took of one kind, `Volumes` or the like; nothing when it took nothing. */
export function deletedText(kind: string, names: readonly string[]): string {
  return names.length === 0 ? '' : `Deleted ${kind}:\n${names.map((name) => `${name}\n`).join('')}\n`;
}

/** What happened to images, a line for each step. */
export function removalLines(events: readonly RemovalEvent[]): string[] {
  return events.map((event) =>
    'untagged' in event ? `untagged: ${event.untagged}` : `deleted: ${event.deleted}`,
  );
}
