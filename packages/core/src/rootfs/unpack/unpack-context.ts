import { chmodSync, lstatSync, mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { isForeignXattr, type Ownership, overlayXattrPrefix } from '../privileges.ts';

const PERMISSION_BITS = 0o777;

/** What new files are like in the place where a layer is unpacked: what is so from birth need not be set. */
export interface UnpackContext {
  readonly ownership: Ownership;
  readonly overlayPrefix: string;
  readonly uid: number;
  readonly gid: number;
  /** Permission bits that a new file does not get: those of the umask, or of an access list. */
  readonly umask: number;
}

/** Tries out what a new directory in `directory` is like. */
export function probeContext(directory: string, ownership: Ownership): UnpackContext {
  // Not to inherit its group from a directory above.
  chmodSync(directory, 0o700);
  const probe = join(directory, 'probe');
  mkdirSync(probe, PERMISSION_BITS);
  const { uid, gid, mode } = lstatSync(probe);
  rmdirSync(probe);
  const umask = PERMISSION_BITS & ~mode;
  return { ownership, overlayPrefix: overlayXattrPrefix(ownership), uid, gid, umask };
}

/** Tells whether something new belongs to whom it should, as far as that can be. */
export function isBornOwned(context: UnpackContext, uid: number, gid: number): boolean {
  return context.ownership === 'user' || (uid === context.uid && gid === context.gid);
}

/** Tells whether something new, made with `mode`, has that mode. */
export function isBornWithMode(context: UnpackContext, mode: number): boolean {
  return (mode & (context.umask | ~PERMISSION_BITS)) === 0;
}

/** Tells whether Node can set the time: it has no call for nanoseconds, and takes negative seconds for now. */
export function isPlainTime(mtime: number, mtimeNs: number): boolean {
  return mtimeNs === 0 && mtime >= 0;
}

/** Of an archive's extended attributes those that are taken over; `undefined` when there are none. */
export function takenXattrs(
  xattrs: ReadonlyMap<string, Uint8Array> | undefined,
): Map<string, Uint8Array> | undefined {
  if (xattrs === undefined) return undefined;
  const taken = new Map([...xattrs].filter(([key]) => !isForeignXattr(key)));
  return taken.size > 0 ? taken : undefined;
}
