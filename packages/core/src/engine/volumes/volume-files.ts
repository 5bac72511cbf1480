import { chmodSync, existsSync, readFileSync, renameSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { makeStoreDirectory, publishFile, writeFileAtomically } from '../../content/durable-file.ts';
import { withStorageErrors } from '../../content/storage-error.ts';
import { isErrno, WherryError } from '../../errors.ts';
import { removeTrees } from '../../rootfs/remove-tree.ts';
import type { Store } from '../store/store.ts';
import { VolumePlaces } from './volume-places.ts';
import { formatVolumeRecord, guessedRecord, parseVolumeRecord, type VolumeRecord } from './volume-record.ts';
import { usersOfVolumes } from './volume-users.ts';

/** Whoever a container runs as has to get in; what that may change, the volume's owner says later. */
const DATA_MODE = 0o755;

/** Makes a volume whose lock the caller holds; one that is there stays as it is. Tells whether it is new. */
export async function makeVolume(places: VolumePlaces, record: VolumeRecord): Promise<boolean> {
  const { name } = record;
  if (places.has(name)) return false;
  await withStorageErrors(`make ${places.pathOf(name)}`, async () => {
    const unfinished = places.newPathOf(name);
    await removeTrees(unfinished);
    await makeStoreDirectory(unfinished);
    await makeData(join(unfinished, '_data'));
    const text = formatVolumeRecord(record);
    await writeFileAtomically(join(unfinished, 'volume.json.new'), join(unfinished, 'volume.json'), text);
    await publishFile(unfinished, places.pathOf(name));
  });
  return true;
}

/** Makes an empty directory for what a volume holds. */
export async function makeData(path: string): Promise<void> {
  await mkdir(path, { mode: DATA_MODE });
  // Whatever our umask is.
  chmodSync(path, DATA_MODE);
}

/** What is known of a volume; of one whose record is lost, what its directory tells. `undefined`: there is none. */
export function readVolume(places: VolumePlaces, name: string): VolumeRecord | undefined {
  if (!places.has(name)) return undefined;
  try {
    return readOwnRecord(places, name) ?? guessedRecord(name, statSync(places.pathOf(name)).mtime);
  } catch (error) {
    // It was removed just now.
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** `undefined`: it is lost, or no record. */
export function readOwnRecord(places: VolumePlaces, name: string): VolumeRecord | undefined {
  try {
    return parseVolumeRecord(name, readFileSync(places.recordOf(name), 'utf8'));
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Writes the record of a volume whose lock the caller holds. */
export async function writeRecord(places: VolumePlaces, record: VolumeRecord): Promise<void> {
  const path = places.recordOf(record.name);
  await writeFileAtomically(`${path}.new`, path, formatVolumeRecord(record));
}

/** Notes that the container that a volume was made for is gone, and the volume is to stay. */
export async function forgetMaker(places: VolumePlaces, name: string, container: string): Promise<void> {
  if (readVolume(places, name)?.madeFor !== container) return;
  const lock = await places.lock(name);
  try {
    const record = readVolume(places, name);
    if (record?.madeFor !== container) return;
    const { madeFor: _, ...kept } = record;
    await writeRecord(places, kept);
  } finally {
    lock.release({ remove: true });
  }
}

/** Throws `VOLUME_UNKNOWN` in Docker's words. */
export function noSuchVolume(name: string): WherryError {
  return new WherryError('VOLUME_UNKNOWN', `get ${name}: no such volume`, {
    hint: 'list what is here with: wherry volume ls',
    details: { volume: name },
  });
}

/**
 * Removes a volume that no container has. Throws `VOLUME_UNKNOWN`, `CONFLICT` in Docker's words for one that is in
 * use.
 */
export async function removeVolumeFiles(store: Store, name: string): Promise<void> {
  const places = new VolumePlaces(store.root);
  if (!places.has(name)) throw noSuchVolume(name);
  // Whoever makes a container holds the locks of its volumes until its record names them.
  const lock = await places.lock(name);
  try {
    if (!places.has(name)) throw noSuchVolume(name);
    const users = usersOfVolumes(store).get(name);
    if (users !== undefined)
      throw new WherryError('CONFLICT', `remove ${name}: volume is in use - [${users.join(', ')}]`, {
        details: { volume: name, containers: users },
      });
    const old = places.oldPathOf(name);
    if (existsSync(old)) await removeTrees(old);
    renameSync(places.pathOf(name), old);
    await removeTrees(old);
  } finally {
    lock.release({ remove: true });
  }
}
