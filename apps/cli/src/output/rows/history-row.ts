import { type HistoryEntry, humanAge, shortId } from '@wherry/core';
import { localRfc3339, shortSize } from '../human.ts';
import { IDS, type Listing, TABLE } from '../listing.ts';
import { ellipsis } from '../width.ts';

const MISSING = '<missing>';
const CREATED_BY_CELLS = 45;
/** Reproducible builds date their layers long ago: Docker gives no age to what is older than this. */
const OLDEST_MS = Date.UTC(2000, 0, 1);

export interface HistoryListOptions {
  /** `--human`: sizes and times in words. */
  readonly human: boolean;
  readonly noTrunc: boolean;
  readonly now: Date;
}

/** The history of an image. docker/cli, `image.historyContext`. */
export function historyListing({ human, noTrunc, now }: HistoryListOptions): Listing<HistoryEntry> {
  const createdAt = ({ created }: HistoryEntry) => localRfc3339(created);
  const createdBy = (entry: HistoryEntry) => entry.createdBy.replaceAll('\t', ' ');
  return {
    goType: 'image.historyContext',
    fields: {
      Comment: ({ comment }) => comment,
      CreatedAt: createdAt,
      CreatedBy: (entry) => (noTrunc ? createdBy(entry) : ellipsis(createdBy(entry), CREATED_BY_CELLS)),
      CreatedSince: (entry) => (human ? age(entry.created, now) : createdAt(entry)),
      ID: ({ id }) => (id === undefined ? MISSING : noTrunc ? id : shortId(id)),
      Size: ({ size }) => (human ? shortSize(size) : String(size)),
    },
    headings: {
      Comment: 'COMMENT',
      CreatedAt: 'CREATED AT',
      CreatedBy: 'CREATED BY',
      CreatedSince: 'CREATED',
      ID: 'IMAGE',
      Size: 'SIZE',
    },
    table: ['ID', human ? 'CreatedSince' : 'CreatedAt', 'CreatedBy', 'Size', 'Comment'],
  };
}

function age(created: Date | undefined, now: Date): string {
  return created === undefined || created.getTime() <= OLDEST_MS ? 'N/A' : humanAge(created, now);
}

/** The format of a history in full: in the place of `table`, `--quiet` wants IDs alone. */
export function historyFormat(source: string, quiet: boolean): string {
  return source === TABLE && quiet ? IDS : source;
}
