import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, systemClock } from '../clock.ts';
import { makeStoreDirectory } from '../content/durable-file.ts';
import { acquireFileLock, tryFileLock } from '../content/file-lock.ts';
import { withStorageErrors } from '../content/storage-error.ts';
import { blobPath } from '../content/store-paths.ts';
import { type Digest, digestHex } from '../digest.ts';
import { isErrno, throwIfCancelled, WherryError } from '../errors.ts';
import type { VerbOptions } from '../events.ts';
import { flushFileSystem } from './flush.ts';
import type { UnpackedFacts } from './layer-unpacker.ts';
import { detectOwnership, type Ownership } from './privileges.ts';
import { removeTrees } from './remove-tree.ts';
import type { Snapshot, SnapshotInfo, SnapshotLayer, SnapshotLease } from './snapshot.ts';
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
import { UnpackPool } from './unpack-pool.ts';

export interface SnapshotsOptions {
  readonly clock?: Clock;
  /** Most layers that are unpacked at once; the number of cores unless given. */
  readonly maxWorkers?: number;
  /** What this process may make; found out unless given. */
  readonly ownership?: Ownership;
}

const FILES = 'fs';
const NEW = 'new-';
const OLD = 'old-';

/**
 * The unpacked layers of a store, each under its diffID, whatever image it belongs to. They are made when first
 * needed and can be removed at any time that nobody uses them: the blobs have all of it.
 *
 *     snapshots/<hex>/fs, record.json     a complete one
 *     snapshots/new-<hex>-<uuid>/         one in the making
 *     snapshots/old-<hex>-<uuid>/         one on its way out
 *     snapshots/locks/<hex>               held while one is made or removed
 *     snapshots/uses/                     leases and holds
 */
export class Snapshots {
  readonly #root: string;
  readonly #directory: string;
  readonly #uses: SnapshotUses;
  readonly #clock: Clock;
  readonly #maxWorkers: number | undefined;
  readonly #ownership: Ownership;

  /** `root`: that of the store. Nothing is read or made until something is asked for. */
  constructor(root: string, options: SnapshotsOptions = {}) {
    this.#root = root;
    this.#directory = join(root, 'snapshots');
    this.#uses = new SnapshotUses(join(this.#directory, 'uses'));
    this.#clock = options.clock ?? systemClock;
    this.#maxWorkers = options.maxWorkers;
    this.#ownership = options.ownership ?? detectOwnership();
  }

  /**
   * Unpacks what is missing of the layers, several at once; what another process unpacks now is waited for. The
   * blobs must not be swept meanwhile: that is the caller's lease. Events name layers by their diffIDs. Throws
   * `BLOB_UNKNOWN` for a blob that the store does not have, `CANCELLED`, and what `unpackFile` throws; then
   * nothing half-made stays.
   */
  async ensure(layers: readonly SnapshotLayer[], options: VerbOptions = {}): Promise<SnapshotLease> {
    throwIfCancelled(options.signal);
    const diffIDs = [...new Set(layers.map(({ diffID }) => diffID))];
    return withStorageErrors(`write to ${this.#directory}`, async () => {
      // Before anything is looked at: who removes looks at the uses under the lock that each layer needs here.
      const lease = await this.#uses.lease(diffIDs);
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
    for (const name of await this.#names()) {
      const directory = join(this.#directory, name);
      const record = isHex(name) ? await readRecord(directory) : undefined;
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
    if (!(await this.#names()).includes(digestHex(diffID))) return false;
    await makeStoreDirectory(join(this.#directory, 'locks'));
    await using lock = tryFileLock(this.#lockPath(diffID));
    if (lock === undefined || (await this.#uses.used()).has(diffID))
      throw new WherryError('CONFLICT', `snapshot of layer ${diffID} is in use`);
    const aside = await this.#setAside(diffID);
    lock.release({ remove: true });
    if (aside !== undefined) await removeTrees(aside);
    return aside !== undefined;
  }

  /** Removes what dead processes left behind; returns the paths. */
  async clean(): Promise<string[]> {
    await this.#uses.used();
    const removed: string[] = [];
    for (const name of await this.#names()) {
      const hex = /^(?:new-|old-)?([0-9a-f]{64}|[0-9a-f]{128})(?:-|$)/.exec(name)?.[1];
      if (hex === undefined) continue;
      const path = join(this.#directory, name);
      const record = isHex(name) ? await readRecord(path) : undefined;
      if (record !== undefined && isTrusted(record)) continue;
      await makeStoreDirectory(join(this.#directory, 'locks'));
      await using lock = tryFileLock(join(this.#directory, 'locks', hex));
      if (lock === undefined) continue;
      await removeTrees(path);
      removed.push(path);
    }
    return removed;
  }

  /**
   * Flushes all snapshots to disk, so that they outlive a loss of power: without it, the next boot of the
   * machine makes again what it needs. Takes as long as the disk takes.
   */
  async flush(): Promise<void> {
    const names = (await this.#names()).filter(isHex);
    const unflushed: SnapshotRecord[] = [];
    for (const name of names) {
      const record = await readRecord(join(this.#directory, name));
      if (record !== undefined && !record.isFlushed && isTrusted(record)) unflushed.push(record);
    }
    if (unflushed.length === 0) return;
    await flushFileSystem(this.#directory);
    for (const record of unflushed) {
      await using lock = await acquireFileLock(this.#lockPath(record.diffID));
      const directory = this.#pathOf(record.diffID);
      const current = await readRecord(directory);
      if (lock !== undefined && current?.createdAt === record.createdAt)
        await writeRecord(directory, { ...record, isFlushed: true });
    }
  }

  async #ensureAll(
    layers: readonly SnapshotLayer[],
    options: VerbOptions,
  ): Promise<ReadonlyMap<Digest, Snapshot>> {
    await makeStoreDirectory(join(this.#directory, 'locks'));
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
    let lock = tryFileLock(this.#lockPath(diffID));
    if (lock === undefined) report('waiting');
    lock ??= await acquireFileLock(this.#lockPath(diffID), { signal: options.signal });
    try {
      const found = await this.#findUsable(diffID);
      const { opaque } = found ?? (await this.#make(layer, pool, options));
      report(found ? 'exists' : 'done');
      return { diffID, directory: join(this.#pathOf(diffID), FILES), opaque };
    } finally {
      lock.release({ remove: true });
    }
  }

  async #findUsable(diffID: Digest): Promise<SnapshotRecord | undefined> {
    const directory = this.#pathOf(diffID);
    const record = await readRecord(directory);
    if (record === undefined || !isTrusted(record) || record.ownership !== this.#ownership) return undefined;
    const now = this.#clock.now();
    await utimes(recordPath(directory), now, now);
    return record;
  }

  /** Unpacks a layer whose lock is held. */
  async #make(layer: SnapshotLayer, pool: UnpackPool, options: VerbOptions): Promise<SnapshotRecord> {
    const { diffID } = layer;
    await this.#clearLeftovers(diffID);
    const temporary = join(this.#directory, `${NEW}${digestHex(diffID)}-${randomUUID()}`);
    try {
      for (const name of ['', FILES, 'work']) await mkdir(join(temporary, name), { mode: 0o700 });
      const facts = await this.#unpack(layer, temporary, pool, options);
      await removeTrees(join(temporary, 'work'));
      const { contentSize: size, entries, opaque } = facts;
      const createdAt = this.#clock.now().toISOString();
      const record = newRecord({ diffID, ownership: this.#ownership, size, entries, opaque, createdAt });
      await writeRecord(temporary, record);
      throwIfCancelled(options.signal);
      await rename(temporary, this.#pathOf(diffID));
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
      workDirectory: join(temporary, 'work'),
      ownership: this.#ownership,
      onProgress: report,
      ...(signal && { signal }),
    });
    report(size);
    for (const message of warningsOf(diffID, facts)) onProgress?.({ kind: 'warning', message });
    return facts;
  }

  /** Clears away what cannot be used, and what processes left that died in the making. The lock is held. */
  async #clearLeftovers(diffID: Digest): Promise<void> {
    const hex = digestHex(diffID);
    const left = (await this.#names())
      .filter((name) => name.startsWith(`${NEW}${hex}-`) || name.startsWith(`${OLD}${hex}-`))
      .map((name) => join(this.#directory, name));
    const aside = await this.#setAside(diffID);
    await removeTrees(...left, ...(aside === undefined ? [] : [aside]));
  }

  /** Takes a snapshot out of its place, where nobody then sees a part of it; where to, if there was one. */
  async #setAside(diffID: Digest): Promise<string | undefined> {
    const aside = join(this.#directory, `${OLD}${digestHex(diffID)}-${randomUUID()}`);
    try {
      await rename(this.#pathOf(diffID), aside);
      return aside;
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  async #names(): Promise<string[]> {
    try {
      return (await readdir(this.#directory)).sort();
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return [];
      throw error;
    }
  }

  #pathOf(diffID: Digest): string {
    return join(this.#directory, digestHex(diffID));
  }

  #lockPath(diffID: Digest): string {
    return join(this.#directory, 'locks', digestHex(diffID));
  }
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

function isHex(name: string): boolean {
  return /^(?:[0-9a-f]{64}|[0-9a-f]{128})$/.test(name);
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
