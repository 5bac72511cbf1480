import { spawnSync } from 'node:child_process';
import { closeSync, linkSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../../errors.ts';
import type { TarEntryInit } from '../../tar/writer.ts';
import { encodeTarHeader, tarEnd, tarPadding } from '../../tar/writer.ts';
import { EXTRACT_ALL_ARGS, noUsableTar, readTarMessages, tarEnvironment } from '../tar-child.ts';
import type { SafeRoot } from './safe-path.ts';
import type { PendingNode, Place } from './tree-node.ts';

/** A line for each attribute that could not be set. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

/** A name that one of them gets. */
interface StagedName {
  readonly place: Place;
  readonly node: PendingNode;
}

/**
 * Entries that Node's file system module cannot make: devices, fifos, what has extended attributes, and times
 * between seconds or before 1970. They are written to an archive of our own, in which each is called by its
 * number; one `tar` unpacks that into a directory of its own, and from there they are linked to their places.
 * So no name from outside ever reaches `tar`, and starting it is paid for once.
 */
export class StagedEntries {
  readonly #archive: string;
  readonly #directory: string;
  readonly #names: StagedName[] = [];
  #count = 0;
  #fd = -1;

  /** `workDirectory`: a directory of ours on the same file system. */
  constructor(workDirectory: string) {
    this.#archive = join(workDirectory, 'staged.tar');
    this.#directory = join(workDirectory, 'staged');
  }

  /** Takes an entry and returns its number, to be given a name; the payload of a file follows with `write`. */
  add(entry: Omit<TarEntryInit, 'name'>): number {
    if (this.#fd < 0) this.#fd = openSync(this.#archive, 'wx', 0o600);
    this.#write(encodeTarHeader({ ...entry, name: String(this.#count) }));
    return this.#count++;
  }

  /** Has what `node` stands for named so at the end, unless the node is dropped. */
  name(place: Place, node: PendingNode): void {
    this.#names.push({ place, node });
  }

  write(chunk: Uint8Array): void {
    this.#write(chunk);
  }

  /** Ends the payload of a file of `size` bytes. */
  endFile(size: number): void {
    this.#write(tarPadding(size));
  }

  /** Makes them all. Returns the extended attributes that had to be left out. Throws as `readTarMessages`. */
  place(root: SafeRoot): string[] {
    if (this.#fd < 0) return [];
    this.#write(tarEnd());
    closeSync(this.#fd);
    this.#fd = -1;
    mkdirSync(this.#directory, 0o700);
    const refused = extract(['-f', this.#archive, '-C', this.#directory]);
    for (const { place, node } of this.#names)
      if (!node.isDropped) linkSync(join(this.#directory, String(node.number)), root.pathOf(place));
    rmSync(this.#directory, { recursive: true });
    rmSync(this.#archive);
    return refused;
  }

  /** Leaves its files to whoever removes the work directory. */
  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd);
    this.#fd = -1;
  }

  #write(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) at += writeSync(this.#fd, chunk, at);
  }
}

/** Runs tar on an archive of ours. Returns the extended attributes that had to be left out. */
export function extract(args: readonly string[], input?: Uint8Array): string[] {
  const { error, status, stderr } = spawnSync('tar', [...EXTRACT_ALL_ARGS, ...args], {
    input,
    env: tarEnvironment(),
    stdio: ['pipe', 'ignore', 'pipe'],
    encoding: 'latin1',
    maxBuffer: MAX_MESSAGE_BYTES,
  });
  if (isErrno(error, 'ENOENT')) throw noUsableTar(error);
  if (error) throw error;
  return readTarMessages(stderr, status);
}
