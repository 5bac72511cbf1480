import { randomBytes } from 'node:crypto';
import { WherryError } from '../../errors.ts';
import type { VolumeDeps } from './volume-deps.ts';
import { makeVolume } from './volume-files.ts';
import { VolumePlaces } from './volume-places.ts';
import { newVolumeRecord, requireVolumeName } from './volume-record.ts';

export interface CreateVolumeRequest {
  /** Absent: one is made up. */
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Only `local` is offered. */
  readonly driver?: string;
}

const NAME_BYTES = 32;
const DRIVER = 'local';

/**
 * Makes a volume, unless there is one of this name, which stays as it is; tells its name. Throws
 * `INVALID_ARGUMENT`, `UNSUPPORTED` for another driver, in Docker's words.
 */
export async function createVolume(deps: VolumeDeps, request: CreateVolumeRequest = {}): Promise<string> {
  const { labels, driver = DRIVER } = request;
  const name = request.name || makeVolumeName();
  requireVolumeName(name);
  if (driver !== DRIVER)
    throw new WherryError(
      'UNSUPPORTED',
      `create ${name}: error looking up volume plugin ${driver}: plugin "${driver}" not found`,
      { hint: `the only driver is ${DRIVER}`, details: { driver } },
    );
  const places = new VolumePlaces(deps.store.root);
  const lock = await places.lock(name);
  try {
    const facts = { name, isAnonymous: !request.name, now: deps.now() };
    await makeVolume(places, newVolumeRecord({ ...facts, ...(labels && { labels }) }));
    return name;
  } finally {
    lock.release({ remove: true });
  }
}

/** A name for a volume that nobody gave one: 64 hexadecimal digits. */
export function makeVolumeName(): string {
  return randomBytes(NAME_BYTES).toString('hex');
}
