import type { HistoryEntry } from '@wherry/core';
import type { CommandContext } from '../command.ts';
import { humanAge, localRfc3339, shortSize } from '../output/human.ts';
import { formatTable } from '../output/table.ts';
import { ellipsis } from '../output/width.ts';

const MISSING = '<missing>';
const CREATED_BY_CELLS = 45;

/** `wherry history`: how an image's layers were made. */
export async function run({ args, engine, flags, io }: CommandContext): Promise<number> {
  const entries = await (await engine()).history(args[0] ?? '');
  const noTrunc = flags.bool('no-trunc');
  const shownId = ({ id }: HistoryEntry) => {
    if (id === undefined) return MISSING;
    return noTrunc ? id : id.slice(id.indexOf(':') + 1).slice(0, 12);
  };
  if (flags.bool('quiet')) {
    io.stdout.write(entries.map((entry) => `${shownId(entry)}\n`).join(''));
    return 0;
  }
  const human = flags.bool('human');
  const now = io.now();
  const rows = entries.map((entry) => [
    shownId(entry),
    human ? age(entry.created, now) : localRfc3339(entry.created),
    noTrunc ? entry.createdBy : ellipsis(entry.createdBy.replaceAll('\t', ' '), CREATED_BY_CELLS),
    human ? shortSize(entry.size) : String(entry.size),
    entry.comment,
  ]);
  io.stdout.write(
    formatTable([['IMAGE', human ? 'CREATED' : 'CREATED AT', 'CREATED BY', 'SIZE', 'COMMENT'], ...rows]),
  );
  return 0;
}

/** Docker takes the Unix epoch, which reproducible builds have, for no date at all. */
function age(created: Date | undefined, now: Date): string {
  return created === undefined || created.getTime() <= 0 ? 'N/A' : humanAge(created, now);
}
