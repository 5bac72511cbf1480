import {
  type BigIntStats,
  chmodSync,
  lstatSync,
  mkdirSync,
  rmdirSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { isErrno } from '../../errors.ts';
import { resolveInRootfs } from '../../runtime/spec/rootfs-path.ts';
import type { SpecMount } from '../../runtime/spec/runtime-spec.ts';

/** What was made in a root file system for something to be mounted on; paths below it. */
export interface MountPoints {
  /** Parents first. */
  readonly made: readonly string[];
  /** The directories above them that were there. */
  readonly touched: readonly TouchedDirectory[];
}

interface TouchedDirectory {
  readonly path: string;
  /** Once all was made: any change sets it, and nobody can set it back. */
  readonly ctimeNs: bigint;
  /** It lay in the layers below alone, and what changes has it only for the sake of what was made in it. */
  readonly isOnlyCopied: boolean;
}

/**
 * Makes what the runtime would make to mount on, before it does, with the times of the directories above as they were:
 * so it is known, and can be told from what the step does. `rootfs` is what we see of the root file system, `upper` the
 * directory with what changes in it, absent for a copy; `seenAt` as for a bundle.
 */
export function makeMountPoints(
  mounts: readonly SpecMount[],
  { rootfs, upper, seenAt }: { rootfs: string; upper: string | undefined; seenAt: string },
): MountPoints {
  const made: string[] = [];
  const parents = new Map<string, { readonly before: BigIntStats; readonly isOnlyCopied: boolean }>();
  const covered: string[] = [];
  for (const mount of mounts) {
    const { path, missing } = resolveInRootfs(rootfs, mount.destination);
    const isCovered = covered.some((each) => path === each || path.startsWith(`${each}/`));
    covered.push(path);
    // It lies in what is mounted there.
    if (isCovered || missing.length === 0) continue;
    const present = join(path, ...missing.map(() => '..'));
    for (const parent of parentsWithin(rootfs, present))
      if (!parents.has(parent) && !made.includes(parent)) {
        const isOnlyCopied = upper !== undefined && !isThere(join(upper, parent));
        parents.set(parent, { before: lstatSync(join(rootfs, parent), { bigint: true }), isOnlyCopied });
      }
    make(path, present, isFile(mount, seenAt));
    for (let at = path; at !== present; at = dirname(at)) made.push(relative(rootfs, at));
  }
  for (const [path, { before }] of parents) setTimes(join(rootfs, path), before);
  return {
    made: made.sort(),
    touched: [...parents].map(([path, { isOnlyCopied }]) => ({
      path,
      isOnlyCopied,
      ctimeNs: lstatSync(join(rootfs, path), { bigint: true }).ctimeNs,
    })),
  };
}

/**
 * Removes what `makeMountPoints` made from `upper`, which nobody else has any more; what the step put into it stays, and
 * so does what is not as it was made.
 */
export function removeMountPoints(upper: string, { made, touched }: MountPoints): void {
  const before = touched.map((directory) => ({
    ...directory,
    stats: statsOfDirectory(upper, directory.path),
  }));
  for (const path of [...made].reverse()) removeIfEmpty(upper, path);
  for (const { path, stats, isOnlyCopied, ctimeNs } of before.sort(deepestFirst)) {
    if (stats === undefined) continue;
    const isUntouched = isOnlyCopied && stats.ctimeNs === ctimeNs;
    if (!isUntouched || !removeIfEmpty(upper, path)) setTimes(join(upper, path), stats);
  }
}

function deepestFirst(a: { readonly path: string }, b: { readonly path: string }): number {
  return b.path.length - a.path.length;
}

/** A directory and those above it, without the root. */
function parentsWithin(rootfs: string, directory: string): string[] {
  const found: string[] = [];
  for (let at = relative(rootfs, directory); at !== '' && at !== '.'; at = dirname(at)) found.push(at);
  return found;
}

/** Whatever our umask is: what the step puts into a directory keeps it in the layer. */
function make(path: string, present: string, asFile: boolean): void {
  if (dirname(path) !== present) make(dirname(path), present, false);
  if (asFile) writeFileSync(path, '', { flag: 'wx' });
  else mkdirSync(path);
  chmodSync(path, asFile ? 0o644 : 0o755);
}

function isFile({ type, source }: SpecMount, seenAt: string): boolean {
  return type === 'bind' && !statSync(seenAt + source).isDirectory();
}

/** As a directory that no link leads to: the step may have put links where its parents were. */
function statsOfDirectory(upper: string, path: string): BigIntStats | undefined {
  if (!hasRealParents(upper, path)) return undefined;
  const stats = lstatSync(join(upper, path), { bigint: true, throwIfNoEntry: false });
  return stats?.isDirectory() ? stats : undefined;
}

function hasRealParents(upper: string, path: string): boolean {
  return parentsWithin('/', dirname(`/${path}`)).every((parent) =>
    lstatSync(join(upper, parent), { throwIfNoEntry: false })?.isDirectory(),
  );
}

/** Tells whether it is gone. */
function removeIfEmpty(upper: string, path: string): boolean {
  if (!hasRealParents(upper, path)) return false;
  const at = join(upper, path);
  const stats = lstatSync(at, { throwIfNoEntry: false });
  try {
    if (stats?.isDirectory()) rmdirSync(at);
    else if (stats?.isFile() && stats.size === 0) unlinkSync(at);
    else return false;
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOTEMPTY', 'EEXIST')) return false;
    throw error;
  }
}

function setTimes(path: string, { atimeNs, mtimeNs }: BigIntStats): void {
  utimesSync(path, timeOf(atimeNs), timeOf(mtimeNs));
}

/** In whole microseconds, so that it is never later than it was. Node takes a number below zero for now. */
function timeOf(ns: bigint): number | Date {
  return ns < 0n ? new Date(Math.floor(Number(ns) / 1e6)) : Number(ns / 1000n) / 1e6;
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
