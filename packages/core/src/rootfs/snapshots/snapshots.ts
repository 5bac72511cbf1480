import { mkdir, rename, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../clock.ts';
import { withStorageErrors } from '../../content/storage-error.ts';
import { blobPath } from '../../content/store-paths.ts';
import { type Digest, digestHex } from '../../digest.ts';
import { isErrno, throwIfCancelled, WherryError } from '../../errors.ts';
import type { VerbOptions } from '../../events.ts';
import { flushFileSystem } from '../flush.ts';
import { assertLinux, detectOwnership, type Ownership } from '../privileges.ts';
import { removeTrees } from '../remove-tree.ts';
import type { UnpackedFacts } from '../unpack/layer-unpacker.ts';
import { UnpackPool } from '../unpack/unpack-pool.ts';
import type { Snapshot, SnapshotInfo, SnapshotLayer, SnapshotLease } from './snapshot.ts';
import { SnapshotPlaces } from './snapshot-places.ts';
import {
  isTrusted,
  lastUseOf,
  newRecord,
  readRecord,
  recordPath,
  type SnapshotRecord,
  writeRecord,
} from './snapshot-record.ts';
import { SnapshotUses } from './snapshot-uses.ts';

export interface SnapshotsOptions {
  readonly clock?: Clock;
  /** Most layers that are unpacked at once; the number of cores unless given. */
  readonly maxWorkers?: number;
  /** What this process may make; found out unless given. */
  readonly ownership?: Ownership;
}

/** What lies in a directory that is taken for a snapshot. */
export interface AdoptedFiles {
  readonly entries: number;
  /** Bytes of the regular files. */
  readonly size: number;
}

export interface EnsureOptions extends VerbOptions {
  /** As for `SnapshotLease.hold`. */
  readonly holder?: string;
}

const FILES = 'fs';
const WORK = 'work';

/**
 * The unpacked layers of a store, each under its diffID, whatever image it belongs to. They are made when first
 * needed and can be removed at any time that nobody uses them: the blobs have all of it.
 */
export class Snapshots {
  readonly #root: string;
  readonly #places: SnapshotPlaces;
  readonly #uses: SnapshotUses;
  readonly #clock: Clock;
  readonly #maxWorkers: number | undefined;
  readonly #ownership: Ownership;

  /** `root`: that of the store. Nothing is read or made until something is asked for. */
  constructor(root: string, options: SnapshotsOptions = {}) {
    this.#root = root;
    this.#places = new SnapshotPlaces(root);
    this.#uses = new SnapshotUses(this.#places.uses);
    this.#clock = options.clock ?? systemClock;
    this.#maxWorkers = options.maxWorkers;
    this.#ownership = options.ownership ?? detectOwnership();
  }

  /**
   * Unpacks what is missing of the layers, several at once; what another process unpacks now is waited for. The
   * blobs must not be swept meanwhile: that is the caller's lease. Events name layers by their diffIDs. Throws
   * `BLOB_UNKNOWN` for a blob that the store does not have, `CANCELLED`, `UNSUPPORTED`, and what `unpackFile` throws; then
   * nothing half-made stays. With a `holder` they are held by it from the beginning, also when it throws, until
   * `releaseHold`.
   */
  async ensure(layers: readonly SnapshotLayer[], options: EnsureOptions = {}): Promise<SnapshotLease> {
    assertLinux();
    throwIfCancelled(options.signal);
    const diffIDs = [...new Set(layers.map(({ diffID }) => diffID))];
    return withStorageErrors(`write to ${this.#places.directory}`, async () => {
      // Before anything is looked at: who removes looks at the uses, and does that under the lock of the layer.
      const lease = await this.#use(diffIDs, options.holder);
      try {
        const made = await this.#ensureAll(layers, options);
        return {
          snapshots: layers.map(({ diffID }) => made.get(diffID) as Snapshot),
          hold: (holder) => this.#uses.hold(holder, diffIDs),
          [Symbol.asyncDispose]: () => lease[Symbol.asyncDispose](),
        };
      } catch (error) {
        await lease[Symbol.asyncDispose]();
        throw error;
      }
    });
  }

  /**
   * Takes a directory, which then is gone from its place, for the unpacked files of a layer: what an overlay over the
   * layers below it has as its upper one, with no directory in it that hides others, and times as in the layer. It must
   * lie in the store's file system. Where there is a snapshot already nothing is done; `false`: someone makes or removes
   * one now, and there may be none.
   */
  async adopt(diffID: Digest, directory: string, { entries, size }: AdoptedFiles): Promise<boolean> {
    const lock = await this.#places.tryLock(digestHex(diffID));
    if (lock === undefined) return false;
    const temporary = this.#places.newPath(diffID);
    try {
      if (await this.#findUsable(diffID)) return true;
      await this.#places.setAside(diffID);
      await mkdir(temporary, { mode: 0o700 });
      await rename(directory, join(temporary, FILES));
      const createdAt = this.#clock.now().toISOString();
      const ownership = this.#ownership;
      await writeRecord(temporary, newRecord({ diffID, ownership, size, entries, opaque: [], createdAt }));
      await rename(temporary, this.#places.pathOf(diffID));
      return true;
    } catch (error) {
      await removeTrees(temporary);
      throw error;
    } finally {
      lock.release({ remove: true });
    }
  }

  async #use(diffIDs: readonly Digest[], holder: string | undefined): Promise<AsyncDisposable> {
    if (holder === undefined) return await this.#uses.lease(diffIDs);
    await this.#uses.hold(holder, diffIDs);
    return { [Symbol.asyncDispose]: async () => undefined };
  }

  /** Lets go of what `SnapshotLease.hold` kept; fine when there is nothing. */
  async releaseHold(holder: string): Promise<void> {
    await this.#uses.release(holder);
  }

  /** The holders and what they hold, to find those that are gone. */
  async holds(): Promise<Map<string, readonly Digest[]>> {
    return this.#uses.holds();
  }

  async list(): Promise<SnapshotInfo[]> {
    const used = await this.#uses.used();
    const infos: SnapshotInfo[] = [];
    for (const directory of await this.#places.complete()) {
      const record = await readRecord(directory);
      if (record === undefined) continue;
      const { diffID, size, entries, createdAt } = record;
      const lastUsedAt = await lastUseOf(directory);
      const isInUse = used.has(diffID);
      infos.push({ diffID, size, entries, createdAt: new Date(createdAt), lastUsedAt, isInUse });
    }
    return infos;
  }

  /** Removes a snapshot; tells whether there was one. Throws `CONFLICT` while it is in use or being made. */
  async remove(diffID: Digest): Promise<boolean> {
    if (!(await this.#places.complete()).includes(this.#places.pathOf(diffID))) return false;
    const lock = await this.#places.tryLock(digestHex(diffID));
    try {
      if (lock === undefined || (await this.#uses.used()).has(diffID))
        throw new WherryError('CONFLICT', `snapshot of layer ${diffID} is in use`);
      const aside = await this.#places.setAside(diffID);
      if (aside !== undefined) await removeTrees(aside);
      return aside !== undefined;
    } finally {
      lock?.release({ remove: true });
    }
  }

  /** Removes what dead processes, or a loss of power, left behind; returns the paths. */
  async clean(): Promise<string[]> {
    await this.#uses.clean();
    const removed: string[] = [];
    for (const { path, hex, isComplete } of await this.#places.all()) {
      if (isComplete && (await isSound(path))) continue;
      const lock = await this.#places.tryLock(hex);
      if (lock === undefined) continue;
      try {
        // It may have been made anew before the lock was ours.
        if (isComplete && (await isSound(path))) continue;
        await removeTrees(path);
        removed.push(path);
      } finally {
        lock.release({ remove: true });
      }
    }
    return removed;
  }

  /**
   * Flushes all snapshots to disk, so that they outlive a loss of power: without it, the next boot of the
   * machine makes again what it needs. Takes as long as the disk takes.
   */
  async flush(): Promise<void> {
    const unflushed: SnapshotRecord[] = [];
    for (const directory of await this.#places.complete()) {
      const record = await readRecord(directory);
      if (record !== undefined && !record.isFlushed && isTrusted(record)) unflushed.push(record);
    }
    if (unflushed.length === 0) return;
    await flushFileSystem(this.#places.directory);
    for (const record of unflushed) await this.#markFlushed(record);
  }

  async #markFlushed(record: SnapshotRecord): Promise<void> {
    const lock = await this.#places.lock(digestHex(record.diffID));
    try {
      const directory = this.#places.pathOf(record.diffID);
      // Unless it was made anew meanwhile.
      const current = await readRecord(directory);
      if (current?.createdAt === record.createdAt)
        await writeRecord(directory, { ...record, isFlushed: true });
    } finally {
      lock.release({ remove: true });
    }
  }

  async #ensureAll(
    layers: readonly SnapshotLayer[],
    options: VerbOptions,
  ): Promise<ReadonlyMap<Digest, Snapshot>> {
    const failure = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, failure.signal]) : failure.signal;
    await using pool = new UnpackPool(this.#maxWorkers === undefined ? {} : { maxWorkers: this.#maxWorkers });
    const unique = new Map(layers.map((layer) => [layer.diffID, layer]));
    const tasks = [...unique.values()].map(async (layer) => {
      try {
        return await this.#ensureOne(layer, pool, { ...options, signal });
      } catch (error) {
        // The others stop too, before anybody is told.
        failure.abort(error);
        throw error;
      }
    });
    const results = await Promise.allSettled(tasks);
    throwIfCancelled(options.signal);
    if (failure.signal.aborted) throw failure.signal.reason;
    const made = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    return new Map(made.map((snapshot) => [snapshot.diffID, snapshot]));
  }

  async #ensureOne(layer: SnapshotLayer, pool: UnpackPool, options: VerbOptions): Promise<Snapshot> {
    const { diffID } = layer;
    const report = (phase: 'waiting' | 'exists' | 'done') =>
      options.onProgress?.({ kind: 'layer', digest: diffID, phase });
    const hex = digestHex(diffID);
    const found = ({ opaque }: SnapshotRecord, phase: 'exists' | 'done'): Snapshot => {
      report(phase);
      return { diffID, directory: join(this.#places.pathOf(diffID), FILES), opaque };
    };
    // Whoever takes the lock from here on sees our use, and removes nothing.
    const present = this.#places.isLocked(hex) ? undefined : await this.#findUsable(diffID);
    if (present) return found(present, 'exists');
    let lock = await this.#places.tryLock(hex);
    if (lock === undefined) report('waiting');
    lock ??= await this.#places.lock(hex, options.signal);
    try {
      const made = await this.#findUsable(diffID);
      return made ? found(made, 'exists') : found(await this.#make(layer, pool, options), 'done');
    } finally {
      lock.release({ remove: true });
    }
  }

  async #findUsable(diffID: Digest): Promise<SnapshotRecord | undefined> {
    const directory = this.#places.pathOf(diffID);
    const record = await readRecord(directory);
    if (record === undefined || !isTrusted(record) || record.ownership !== this.#ownership) return undefined;
    const now = this.#clock.now();
    await utimes(recordPath(directory), now, now);
    return record;
  }

  /** Unpacks a layer whose lock is held. */
  async #make(layer: SnapshotLayer, pool: UnpackPool, options: VerbOptions): Promise<SnapshotRecord> {
    const { diffID } = layer;
    await this.#places.setAside(diffID);
    await removeTrees(...(await this.#places.leftoversOf(diffID)));
    const temporary = this.#places.newPath(diffID);
    try {
      for (const name of ['', FILES, WORK]) await mkdir(join(temporary, name), { mode: 0o700 });
      const facts = await this.#unpack(layer, temporary, pool, options);
      await removeTrees(join(temporary, WORK));
      const { contentSize: size, entries, opaque } = facts;
      const createdAt = this.#clock.now().toISOString();
      const record = newRecord({ diffID, ownership: this.#ownership, size, entries, opaque, createdAt });
      await writeRecord(temporary, record);
      throwIfCancelled(options.signal);
      await rename(temporary, this.#places.pathOf(diffID));
      return record;
    } catch (error) {
      await removeTrees(temporary);
      throw error;
    }
  }

  async #unpack(
    { diffID, blob }: SnapshotLayer,
    temporary: string,
    pool: UnpackPool,
    { signal, onProgress }: VerbOptions,
  ): Promise<UnpackedFacts> {
    const path = blobPath(this.#root, blob);
    const size = await sizeOf(path, blob);
    const report = (current: number) =>
      onProgress?.({ kind: 'layer', digest: diffID, phase: 'extracting', current, total: size });
    const facts = await pool.run({
      path,
      size,
      diffID,
      directory: join(temporary, FILES),
      workDirectory: join(temporary, WORK),
      ownership: this.#ownership,
      onProgress: report,
      ...(signal && { signal }),
    });
    report(size);
    for (const message of warningsOf(diffID, facts)) onProgress?.({ kind: 'warning', message });
    return facts;
  }
}

async function isSound(directory: string): Promise<boolean> {
  const record = await readRecord(directory);
  return record !== undefined && isTrusted(record);
}

async function sizeOf(path: string, blob: Digest): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isErrno(error, 'ENOENT'))
      throw new WherryError('BLOB_UNKNOWN', `blob ${blob} not found`, { cause: error });
    throw error;
  }
}

function warningsOf(diffID: Digest, { skippedDevices, skippedXattrs }: UnpackedFacts): string[] {
  const layer = `layer ${digestHex(diffID).slice(0, 12)}`;
  const warnings: string[] = [];
  if (skippedDevices > 0)
    warnings.push(`${layer}: ${skippedDevices} devices left out, which only root can make`);
  if (skippedXattrs.length > 0)
    warnings.push(
      `${layer}: extended attributes left out that cannot be set here: ${skippedXattrs.join(', ')}`,
    );
  return warnings;
}
