import { existsSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { mkdir, open, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withStorageErrors } from '../../content/storage-error.ts';
import { ingestDir, STORE_DIR_MODE } from '../../content/store-paths.ts';
import { isErrno } from '../../errors.ts';
import type { HashedPart } from '../../layer/hash-piece.ts';

const UPLOAD_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const STATE_FILE = 'state';
const FORMAT_VERSION = 2;
/** Has no repository. */
const FIRST_VERSION = 1;
/** Version, length of the repository's name, offset; the name and the hash state follow. */
const HEADER_BYTES = 16;
const MAX_STATE_BYTES = 4096;

/** What is kept of a session beside its bytes. */
export interface UploadState extends HashedPart {
  /** Whose session it is; empty: any repository's. */
  readonly repository: string;
}

/** Tells whether `text` can be the name of an upload session: a lower-case UUID, safe as a file name. */
export function isUploadId(text: string): boolean {
  return UPLOAD_ID.test(text);
}

/**
 * The sessions' hash states. What reads alone is done at once: for so little, a trip to another thread and back costs
 * more than the work, and an upload needs many. What makes a file or directory may wait for the file system's journal,
 * which is busy while others flush. Each state lies beside the bytes it speaks of: `ingests/<id>/state`.
 */
export class UploadStateFiles {
  readonly #root: string;

  /** `root` is the store's. */
  constructor(root: string) {
    this.#root = root;
  }

  /** `undefined` when there is no such session, or what is there is not a state. */
  find(id: string): UploadState | undefined {
    try {
      return decode(readFileSync(this.#path(id)));
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
      throw error;
    }
  }

  /** Begins a session that nobody knows of yet. */
  async create(id: string, state: UploadState): Promise<void> {
    await withStorageErrors(`write to ${this.#root}`, async () => {
      await mkdir(this.#directory(id), { recursive: true, mode: STORE_DIR_MODE });
      await writeFile(this.#path(id), encode(state), { mode: 0o600 });
    });
  }

  /**
   * Replaces the state in one step. `dataPath` is flushed first: after a crash of the machine a state must
   * not speak of bytes that the disk never got, for nobody would hash them again.
   */
  async save(id: string, state: UploadState, dataPath?: string): Promise<void> {
    await withStorageErrors(`write to ${this.#root}`, async () => {
      if (dataPath !== undefined) await flush(dataPath);
      await mkdir(this.#directory(id), { recursive: true, mode: STORE_DIR_MODE });
      const target = this.#path(id);
      const temporary = `${target}.new`;
      await writeWhole(temporary, encode(state));
      await rename(temporary, target);
    });
  }

  /** Forgets the session. What its ingest holds is the ingest's to remove. */
  remove(id: string): void {
    // The ingest has taken it away mostly. To look waits for nobody; to remove what is not there waits for whoever
    // changes the directory of all ingests, and that one for the disk.
    if (!existsSync(this.#directory(id))) return;
    const path = this.#path(id);
    for (const one of [path, `${path}.new`]) rmSync(one, { force: true });
    try {
      rmdirSync(this.#directory(id));
    } catch (error) {
      // Another process waits for the ingest, and finds no session when it gets there; or all is gone.
      if (!isErrno(error, 'ENOTEMPTY', 'EEXIST', 'ENOENT', 'EBUSY', 'EPERM')) throw error;
    }
  }

  /** The sessions and one-request uploads that nothing has touched since `before`. */
  async listStale(before: Date): Promise<string[]> {
    const stale: string[] = [];
    for (const id of (await namesIn(join(this.#root, 'ingests'))).filter(isUploadId)) {
      if ((await this.#lastChange(id)) < before.getTime()) stale.push(id);
    }
    return stale;
  }

  /** How many sessions and one-request uploads there are, stale ones too. */
  async count(): Promise<number> {
    return (await namesIn(join(this.#root, 'ingests'))).filter(isUploadId).length;
  }

  async #lastChange(id: string): Promise<number> {
    const directory = this.#directory(id);
    let latest = 0;
    for (const path of [directory, ...(await namesIn(directory)).map((name) => join(directory, name))]) {
      try {
        latest = Math.max(latest, (await stat(path)).mtimeMs);
      } catch (error) {
        if (!isErrno(error, 'ENOENT')) throw error;
      }
    }
    return latest;
  }

  #path(id: string): string {
    return join(this.#directory(id), STATE_FILE);
  }

  #directory(id: string): string {
    return ingestDir(this.#root, id);
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}

async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(bytes);
  } finally {
    await file.close();
  }
}

async function flush(path: string): Promise<void> {
  // Windows flushes only through a handle that may write.
  const file = await open(path, 'r+');
  try {
    await file.datasync();
  } finally {
    await file.close();
  }
}

function encode({ offset, hash, repository }: UploadState): Uint8Array {
  const name = Buffer.from(repository);
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(FORMAT_VERSION, 0);
  header.writeUInt32LE(name.length, 4);
  header.writeBigUInt64LE(BigInt(offset), 8);
  return Buffer.concat([header, name, hash]);
}

function decode(bytes: Buffer): UploadState | undefined {
  if (bytes.length <= HEADER_BYTES || bytes.length > MAX_STATE_BYTES) return undefined;
  const version = bytes.readUInt32LE(0);
  if (version !== FORMAT_VERSION && version !== FIRST_VERSION) return undefined;
  const nameEnd = HEADER_BYTES + (version === FIRST_VERSION ? 0 : bytes.readUInt32LE(4));
  const offset = Number(bytes.readBigUInt64LE(8));
  if (!Number.isSafeInteger(offset) || nameEnd >= bytes.length) return undefined;
  const repository = bytes.toString('utf8', HEADER_BYTES, nameEnd);
  return { offset, hash: bytes.subarray(nameEnd), repository };
}
