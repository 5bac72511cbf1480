import { readFileSync } from 'node:fs';
import { isErrno } from '../../errors.ts';

/** Whose IDs are asked for. */
export interface IdOwner {
  readonly uid: number;
  readonly userName: string;
}

/** IDs that a user may hand out beside the own one. */
export interface IdRange {
  readonly first: number;
  readonly count: number;
}

/** Reads the ranges of a user from the text of `/etc/subuid` or `/etc/subgid`. Linux subuid(5). */
export function subordinateRanges(text: string, { uid, userName }: IdOwner): IdRange[] {
  return text.split('\n').flatMap((line) => {
    const [owner, first, count] = line.trim().split(':');
    const isTheirs = owner === userName || owner === String(uid);
    const range = { first: Number(first), count: Number(count) };
    return isTheirs && range.first > 0 && range.count > 0 ? [range] : [];
  });
}

/**
 * Lines up IDs for a user namespace, as newuidmap(1) takes them: 0 is the user, and from 1 on come the ranges.
 * Triples of an ID inside, the one outside, and how many follow one another.
 */
export function idMap(own: number, ranges: readonly IdRange[]): string[] {
  const triples = [[0, own, 1]];
  let next = 1;
  for (const { first, count } of ranges) {
    triples.push([next, first, count]);
    next += count;
  }
  return triples.flat().map(String);
}

/** How many users and groups exist where this process runs. Linux user_namespaces(7). */
export function ownIdCounts(): { readonly users: number; readonly groups: number } {
  return { users: mappedIds('/proc/self/uid_map'), groups: mappedIds('/proc/self/gid_map') };
}

function mappedIds(path: string): number {
  try {
    return readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .reduce((sum, line) => sum + Number(line.trim().split(/\s+/)[2] ?? 0), 0);
  } catch (error) {
    // A kernel without user namespaces.
    if (isErrno(error, 'ENOENT')) return Number.POSITIVE_INFINITY;
    throw error;
  }
}
