import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, lstat, open, readdir, readlink } from 'node:fs/promises';
import { isErrno, throwIfCancelled } from '../errors.ts';
import { type MergedNode, mergeLayers } from './merged-layers.ts';
import type { Snapshot } from './snapshots/snapshot.ts';
import { pathBelow, type UpperName } from './upper-names.ts';

const CHUNK_BYTES = 1 << 20;
const NS_PER_SECOND = 1_000_000_000n;
const PERMISSIONS = 0o7777n;

/** A name in a root file system that is not as the layers below have it. */
export interface ChangedName extends UpperName {
  readonly kind: 'added' | 'modified' | 'deleted';
}

export interface CopyChangesRequest {
  /** The copy of the layers, with what changed in it. */
  readonly copy: string;
  /** Base first. */
  readonly layers: readonly Pick<Snapshot, 'directory' | 'opaque'>[];
  /** When the copy was complete; absent: not known. */
  readonly copiedAt?: Date;
  readonly signal?: AbortSignal;
}

/**
 * Tells what changed in a copy of unpacked layers, as an overlay's upper directory would have it: each directory before
 * what is in it, also one in which alone something changed, names in the order of their bytes, a whiteout for what is
 * gone. Files are told apart by kind, owner, mode, size and time; by their content where these are equal, yet the file
 * was touched after it was copied. Throws `CANCELLED`.
 */
export async function copyChanges(request: CopyChangesRequest): Promise<ChangedName[]> {
  const changes: ChangedName[] = [];
  await new Comparison(request, changes).compare('', await mergeLayers(request.layers));
  return changes;
}

class Comparison {
  readonly #request: CopyChangesRequest;
  readonly #copy: Buffer;
  readonly #changes: ChangedName[];

  constructor(request: CopyChangesRequest, changes: ChangedName[]) {
    this.#request = request;
    this.#copy = Buffer.from(request.copy);
    this.#changes = changes;
  }

  /** Compares what is in a directory; `base` are the names that the layers have in it. */
  async compare(path: string, base: ReadonlyMap<string, MergedNode>): Promise<void> {
    throwIfCancelled(this.#request.signal);
    const present = await this.#namesIn(path);
    for (const name of [...new Set([...present, ...base.keys()])].sort()) {
      const childPath = path === '' ? name : `${path}/${name}`;
      const below = base.get(name);
      if (!present.has(name)) this.#note(childPath, 'deleted');
      else await this.#compareOne(childPath, below);
    }
  }

  async #compareOne(path: string, below: MergedNode | undefined): Promise<void> {
    const stats = await statOf(pathBelow(this.#copy, path));
    if (stats === undefined || stats.isSocket()) return;
    const change = below ? await this.#changeOf(path, stats, below) : 'added';
    // The name comes before those below it, and may turn out to be needed only for their sake.
    const at = this.#changes.length;
    if (change !== undefined) this.#note(path, change);
    if (stats.isDirectory()) await this.compare(path, below?.children ?? new Map());
    if (change === undefined && this.#changes.length > at)
      this.#changes.splice(at, 0, { path, isWhiteout: false, kind: 'modified' });
  }

  async #changeOf(path: string, now: BigIntStats, below: MergedNode): Promise<'modified' | undefined> {
    const source = pathBelow(Buffer.from(this.#request.layers[below.layer]?.directory ?? ''), path);
    const before = await lstat(source, { bigint: true });
    if (!haveSameAttributes(now, before)) return 'modified';
    const copy = pathBelow(this.#copy, path);
    if (now.isSymbolicLink()) return (await haveSameTarget(copy, source)) ? undefined : 'modified';
    if (!now.isFile()) return undefined;
    const sameTime = compareTimes(now.mtimeNs, before.mtimeNs);
    if (now.size !== before.size || sameTime === 'other') return 'modified';
    if (sameTime === 'same' && !this.#wasTouched(now)) return undefined;
    return (await haveSameContent(copy, source)) ? undefined : 'modified';
  }

  /** Nobody can set back when a file was last changed. */
  #wasTouched({ ctimeMs }: BigIntStats): boolean {
    const { copiedAt } = this.#request;
    return copiedAt === undefined || Number(ctimeMs) >= copiedAt.getTime();
  }

  #note(path: string, kind: ChangedName['kind']): void {
    this.#changes.push({ path, isWhiteout: kind === 'deleted', kind });
  }

  async #namesIn(path: string): Promise<ReadonlySet<string>> {
    try {
      const names = await readdir(pathBelow(this.#copy, path), { encoding: 'buffer' });
      return new Set(names.map((name) => name.toString('latin1')));
    } catch (error) {
      // It went away meanwhile.
      if (isErrno(error, 'ENOENT', 'ENOTDIR')) return new Set();
      throw error;
    }
  }
}

async function statOf(path: Buffer): Promise<BigIntStats | undefined> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

function haveSameAttributes(one: BigIntStats, other: BigIntStats): boolean {
  if ((one.mode & ~PERMISSIONS) !== (other.mode & ~PERMISSIONS)) return false;
  if (one.uid !== other.uid || one.gid !== other.gid) return false;
  const isDevice = one.isCharacterDevice() || one.isBlockDevice();
  return one.mode === other.mode && (!isDevice || one.rdev === other.rdev);
}

/** Some file systems, and archives, keep whole seconds only: then nothing is told by the rest. */
function compareTimes(one: bigint, other: bigint): 'same' | 'unclear' | 'other' {
  if (one === other) return 'same';
  if (one / NS_PER_SECOND !== other / NS_PER_SECOND) return 'other';
  return one % NS_PER_SECOND === 0n || other % NS_PER_SECOND === 0n ? 'unclear' : 'other';
}

async function haveSameTarget(one: Buffer, other: Buffer): Promise<boolean> {
  const [a, b] = await Promise.all([one, other].map((path) => readlink(path, 'latin1')));
  return a === b;
}

async function haveSameContent(one: Buffer, other: Buffer): Promise<boolean> {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  await using a = await open(one, flags);
  await using b = await open(other, flags);
  const [left, right] = [Buffer.allocUnsafe(CHUNK_BYTES), Buffer.allocUnsafe(CHUNK_BYTES)];
  for (let at = 0; ; ) {
    const [read, wanted] = [await fill(a, left, at), await fill(b, right, at)];
    if (read !== wanted || left.compare(right, 0, wanted, 0, read) !== 0) return false;
    if (read < CHUNK_BYTES) return true;
    at += read;
  }
}

async function fill(file: FileHandle, buffer: Buffer, position: number): Promise<number> {
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}
