import { existsSync } from 'node:fs';
import { link, mkdir, readdir, rename, unlink } from 'node:fs/promises';
import { publishFile } from '../../content/durable-file.ts';
import { withStorageErrors } from '../../content/storage-error.ts';
import { isErrno } from '../../errors.ts';
import { copyNames } from '../../rootfs/copy-names.ts';
import { flushFileSystem } from '../../rootfs/flush.ts';
import { removeTrees } from '../../rootfs/remove-tree.ts';
import { pathBelow } from '../../rootfs/upper-names.ts';
import type { VolumePlaces } from './volume-places.ts';

export interface FillRequest {
  readonly name: string;
  /** The directory that an empty volume gets a copy of; absent: nothing is copied. */
  readonly from?: string;
}

/** A directory as a name below itself. */
const ITSELF = [''];

/**
 * Gives an empty volume what the image has at its place, as Docker does: content, owners, modes, times, extended
 * attributes, also those of the directory itself. What a killed process left half done is finished in any case. The
 * copy is made beside the volume and comes into it by renames, so that nobody takes a part for the whole, and nothing
 * that others put there meanwhile is lost. Throws `UNSUPPORTED` without a usable tar program, `NO_SPACE`, `CANCELLED`.
 */
export async function fillVolume(
  places: VolumePlaces,
  { name, from }: FillRequest,
  signal?: AbortSignal,
): Promise<void> {
  const isWanted = async () => from !== undefined && (await readdir(places.dataOf(name))).length === 0;
  if (!isUnfinished(places, name) && !(await isWanted())) return;
  const lock = await places.lock(name, signal);
  try {
    await finishFill(places, name);
    if (from === undefined || !(await isWanted())) return;
    await withStorageErrors(`write to volume ${name}`, () => prepareFill(places, name, from, signal));
    await finishFill(places, name);
  } finally {
    lock.release({ remove: true });
  }
}

/** Tells whether a fill is on its way, or was broken off. */
export function isUnfinished(places: VolumePlaces, name: string): boolean {
  return existsSync(places.fillOf(name)) || existsSync(places.newFillOf(name));
}

/** Ends what a killed process began; the caller holds the volume's lock. Nothing happens when there is nothing. */
export async function finishFill(places: VolumePlaces, name: string): Promise<void> {
  const [data, fill] = [places.dataOf(name), places.fillOf(name)];
  await removeTrees(places.newFillOf(name));
  if (!existsSync(fill)) return;
  for (const entry of await readdir(fill, { withFileTypes: true, encoding: 'buffer' })) {
    const child = entry.name.toString('latin1');
    await moveUnlessThere(pathBelow(Buffer.from(fill), child), pathBelow(Buffer.from(data), child), {
      isDirectory: entry.isDirectory(),
    });
  }
  await copyNames(fill, data, ITSELF);
  await removeTrees(fill);
}

async function prepareFill(
  places: VolumePlaces,
  name: string,
  from: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const fresh = places.newFillOf(name);
  await mkdir(fresh, { mode: 0o700 });
  await copyNames(from, fresh, ITSELF, { isRecursive: true, ...(signal && { signal }) });
  // A loss of power must not leave files without their bytes, which would never be copied again.
  if ((await readdir(fresh)).length > 0) await flushFileSystem(fresh);
  await publishFile(fresh, places.fillOf(name));
}

/** What a container that runs already has put there stays. */
async function moveUnlessThere(
  from: Buffer,
  to: Buffer,
  { isDirectory }: { readonly isDirectory: boolean },
): Promise<void> {
  try {
    // A link never takes the place of something, a directory only that of an empty one.
    if (isDirectory) await rename(from, to);
    else {
      await link(from, to);
      await unlink(from);
    }
  } catch (error) {
    if (!isErrno(error, 'EEXIST', 'ENOTEMPTY', 'ENOTDIR')) throw error;
  }
}
