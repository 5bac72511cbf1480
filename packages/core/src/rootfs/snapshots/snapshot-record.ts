import { readFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomically } from '../../content/durable-file.ts';
import type { Digest } from '../../digest.ts';
import { isErrno } from '../../errors.ts';
import type { Ownership } from '../privileges.ts';
import { replaceFile, temporaryBeside } from '../replace-file.ts';

const FORMAT = 1;

/** What is kept beside a snapshot's files. */
export interface SnapshotRecord {
  readonly format: typeof FORMAT;
  readonly diffID: Digest;
  readonly ownership: Ownership;
  /** Bytes of the files in it. */
  readonly size: number;
  readonly entries: number;
  /** Directories, below the root, that hide what lower layers have in them; one character per byte. */
  readonly opaque: readonly string[];
  /** ISO 8601. */
  readonly createdAt: string;
  /** The boot of the machine in which it was made. */
  readonly bootID: string;
  /** Its files are on disk for certain. Else a later boot makes it again: files may have lost their content. */
  readonly isFlushed: boolean;
}

export function newRecord(fields: Omit<SnapshotRecord, 'format' | 'bootID' | 'isFlushed'>): SnapshotRecord {
  return { format: FORMAT, ...fields, bootID: currentBootID(), isFlushed: false };
}

/** Writes the record of the snapshot in `directory`; what it says of a flush is flushed itself. */
export async function writeRecord(directory: string, record: SnapshotRecord): Promise<void> {
  const path = recordPath(directory);
  const text = JSON.stringify(record);
  if (record.isFlushed) await writeFileAtomically(temporaryBeside(path), path, text);
  else await replaceFile(path, text);
}

/** The record of the snapshot in `directory`; `undefined` when there is none, or none that can be read. */
export async function readRecord(directory: string): Promise<SnapshotRecord | undefined> {
  try {
    const record: unknown = JSON.parse(await readFile(recordPath(directory), 'utf8'));
    return isRecord(record) ? record : undefined;
  } catch (error) {
    // A record that was cut off by a loss of power is none.
    if (isErrno(error, 'ENOENT', 'ENOTDIR') || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** When the snapshot was last used: each use sets the time of its record. */
export async function lastUseOf(directory: string): Promise<Date> {
  return (await stat(recordPath(directory))).mtime;
}

export function recordPath(directory: string): string {
  return join(directory, 'record.json');
}

/** Tells whether the files are there as they were written. */
export function isTrusted(record: SnapshotRecord): boolean {
  return record.isFlushed || record.bootID === currentBootID();
}

export function currentBootID(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
}

function isRecord(value: unknown): value is SnapshotRecord {
  const record = value as Partial<SnapshotRecord> | null;
  return typeof record === 'object' && record?.format === FORMAT && Array.isArray(record.opaque);
}
