import { lstatSync, lutimesSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { pathBelow, type UpperName } from './upper-names.ts';

/** After so many names other work gets a turn: some milliseconds. */
const NAMES_A_TURN = 500;

export interface SettledFiles {
  readonly entries: number;
  /** Bytes of the regular files. */
  readonly size: number;
}

/**
 * Gives what lies in an overlay's upper directory the times that its layer has: whole seconds, none later than
 * `latestTime`, so that the directory can stand for the layer unpacked.
 */
export async function settleTimes(
  upper: string,
  names: readonly UpperName[],
  latestTime = Number.POSITIVE_INFINITY,
): Promise<SettledFiles> {
  const root = Buffer.from(upper);
  let size = 0;
  for (const [index, { path, isWhiteout }] of names.entries()) {
    if (index % NAMES_A_TURN === NAMES_A_TURN - 1) await setImmediate();
    if (isWhiteout) continue;
    const place = pathBelow(root, path);
    const found = lstatSync(place);
    if (found.isFile()) size += found.size;
    const time = Math.min(Math.floor(found.mtimeMs / 1000), latestTime);
    // A date: Node takes a number below zero for now.
    if (time * 1000 !== found.mtimeMs) lutimesSync(place, found.atime, new Date(time * 1000));
  }
  return { entries: names.length, size };
}
