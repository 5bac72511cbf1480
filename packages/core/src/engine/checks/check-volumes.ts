import { existsSync, readdirSync, renameSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { removeTrees } from '../../rootfs/remove-tree.ts';
import type { Fault } from '../engine.ts';
import type { Store } from '../store/store.ts';
import { finishFill, isUnfinished } from '../volumes/fill.ts';
import { makeData, makeVolume, readOwnRecord, writeRecord } from '../volumes/volume-files.ts';
import { VolumePlaces } from '../volumes/volume-places.ts';
import { guessedRecord, isAnonymous, newVolumeRecord } from '../volumes/volume-record.ts';
import { usersOfVolumes } from '../volumes/volume-users.ts';

interface VolumeCheck {
  readonly store: Store;
  readonly places: VolumePlaces;
  readonly repair: boolean;
  readonly now: () => Date;
}

/** One fault, and what takes it away. */
interface Finding {
  readonly kind: Fault['kind'];
  readonly subject: string;
  readonly message: string;
  readonly repair?: { readonly told: string; readonly act: () => Promise<void> };
}

/**
 * Looks for volumes that were not made, filled or removed to their ends, and for those that containers have and the
 * store does not. With `repair` they are put in order; what may be somebody's data is never removed. Volumes that
 * another process is at work on are left alone.
 */
export async function checkVolumes(request: Omit<VolumeCheck, 'places'>): Promise<Fault[]> {
  const check = { ...request, places: new VolumePlaces(request.store.root) };
  const { places } = check;
  const users = usersOfVolumes(check.store);
  if (check.repair) await places.dropDeadLocks();
  const { unfinished, strange } = await places.others();
  const faults = strange.map(strangeEntry);
  for (const name of unfinished) faults.push(...(await locked(check, name, leftovers)));
  for (const name of await places.names()) faults.push(...(await locked(check, name, volumeFindings)));
  for (const name of [...users.keys()].sort())
    if (!places.has(name)) faults.push(...(await locked(check, name, missingVolume)));
  return faults;
}

/** Looks for faults of one volume while nobody else is at work on it. */
async function locked(
  check: VolumeCheck,
  name: string,
  look: (check: VolumeCheck, name: string) => Finding[],
): Promise<Fault[]> {
  const lock = await check.places.tryLock(name);
  if (lock === undefined) return [];
  try {
    const faults: Fault[] = [];
    for (const { repair, ...fault } of look(check, name)) {
      if (check.repair) await repair?.act();
      faults.push({ ...fault, ...(check.repair && repair && { repaired: repair.told }) });
    }
    return faults;
  } finally {
    lock.release({ remove: true });
  }
}

/** It may be what somebody put aside. */
function strangeEntry(entry: string): Fault {
  const subject = `volumes/${entry}`;
  return { kind: 'stray-file', subject, message: `${subject}: is no volume: move it to another place` };
}

function leftovers({ places }: VolumeCheck, name: string): Finding[] {
  return [places.newPathOf(name), places.oldPathOf(name)].filter(existsSync).map((path) => ({
    kind: 'stray-file',
    subject: `volumes/${basename(path)}`,
    message: `volume ${name}: was not ${path === places.newPathOf(name) ? 'made' : 'removed'} to its end`,
    repair: { told: 'removed', act: () => removeTrees(path) },
  }));
}

function volumeFindings(check: VolumeCheck, name: string): Finding[] {
  const { places } = check;
  // Somebody removed it just now.
  if (!places.has(name)) return [];
  if (isLeftOver(check, name)) return [leftOverVolume(check, name)];
  const incomplete = (message: string, told: string, act: () => Promise<void>): Finding => ({
    ...{ kind: 'volume-incomplete', subject: name, message: `volume ${name}: ${message}` },
    repair: { told, act },
  });
  const findings: Finding[] = [];
  if (!existsSync(places.dataOf(name)))
    findings.push(incomplete('its data are not there', 'made empty', () => makeData(places.dataOf(name))));
  if (readOwnRecord(places, name) === undefined)
    findings.push(
      incomplete('its record is not there', 'written again', () =>
        writeRecord(places, guessedRecord(name, statSync(places.pathOf(name)).mtime)),
      ),
    );
  if (isUnfinished(places, name))
    findings.push(
      incomplete('what its image has was not copied to the end', 'finished', () => finishFill(places, name)),
    );
  return findings;
}

/** Made for a container whose making was broken off; nobody has ever seen it. */
function isLeftOver({ store, places }: VolumeCheck, name: string): boolean {
  const record = readOwnRecord(places, name);
  if (record?.madeFor === undefined || !isAnonymous(record) || usersOfVolumes(store).has(name)) return false;
  if (store.metadata.findContainer(record.madeFor) !== undefined || isUnfinished(places, name)) return false;
  return existsSync(places.dataOf(name)) && readdirSync(places.dataOf(name)).length === 0;
}

function leftOverVolume({ places }: VolumeCheck, name: string): Finding {
  const remove = async () => {
    renameSync(places.pathOf(name), places.oldPathOf(name));
    await removeTrees(places.oldPathOf(name));
  };
  return {
    ...{ kind: 'stray-file', subject: `volumes/${name}` },
    message: `volume ${name}: is empty, and the container that it was made for is not there`,
    repair: { told: 'removed', act: remove },
  };
}

function missingVolume({ places, now }: VolumeCheck, name: string): Finding[] {
  if (places.has(name)) return [];
  const make = async () => void (await makeVolume(places, newVolumeRecord({ name, now: now() })));
  return [
    {
      ...{ kind: 'volume-missing', subject: name },
      message: `volume ${name}: a container has it, and it is not there`,
      repair: { told: 'made empty', act: make },
    },
  ];
}
