import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { NodeHasher } from '../../bytes/node-hasher.ts';
import type { Clock } from '../../clock.ts';
import type { BlobInfo, BlobIngester, BlobWriter } from '../../content/blob-store.ts';
import {
  type Digest,
  digestAlgorithm,
  type Hasher,
  type HasherFactory,
  type ResumableHasher,
} from '../../digest.ts';
import { isWherryError } from '../../errors.ts';
import type { FilePiece, HashedPart } from '../../layer/hash-piece.ts';
import { UploadHash } from './upload-hash.ts';
import { busyUpload, requireStart, unknownUpload } from './upload-refusals.ts';
import { isUploadId, type UploadState, UploadStateFiles } from './upload-state.ts';
import { type UploadChunk, UploadWriter } from './upload-writer.ts';

/**
 * How long a request waits for the one before it: when a client's connection breaks and it comes back at once,
 * the server is still saving what the broken one sent.
 */
const LOCK_WAIT_MS = 2_000;
/** Read at once where a file is hashed once more. */
const REHASH_BYTES = 1 << 20;

export interface UploadSessionsDeps {
  readonly blobs: BlobIngester;
  /** Directory of the store. */
  readonly root: string;
  /** A hasher that starts fresh, or goes on from a saved state. */
  readonly resumableHasher: (state?: Uint8Array) => ResumableHasher;
  /** Goes on with such a state over a piece of a file, in another thread. */
  readonly hashPiece: (piece: FilePiece) => Promise<HashedPart>;
  /** The fastest hasher, for what is sent in one request. */
  readonly fastHasher: HasherFactory;
  readonly clock: Clock;
  /** Absent: random UUIDs. */
  readonly newId?: () => string;
}

/** A session while one request uses it. */
interface HeldSession {
  readonly writer: BlobWriter;
  readonly hash: UploadHash;
  readonly progress: { offset: number };
  /** Set when the session is to be forgotten. */
  isEnded: boolean;
}

interface RunningRequest {
  offset: number;
  readonly ended: Promise<void>;
}

/**
 * Uploads that span requests, and restarts of the service. Between two requests nothing is held in memory:
 * a session is the bytes so far and the state of their hash, both in the store's ingests, so that the next
 * request goes on in whichever process it reaches, and no byte that a state covers is read again. One
 * request at a time uses a session. A session is of the repository it was begun in: through another there is none
 * of its name. Where `repository` is left out, so is the question. Methods throw `UPLOAD_UNKNOWN`, `CONFLICT` when
 * another request uses the session, `NO_SPACE`.
 */
export class UploadSessions {
  readonly #deps: UploadSessionsDeps;
  readonly #states: UploadStateFiles;
  /** Sessions that a request of this process uses. */
  readonly #inUse = new Map<string, RunningRequest>();
  /** Of nothing: each hasher is an instance of WebAssembly. */
  #emptyHash: Uint8Array | undefined;

  constructor(deps: UploadSessionsDeps) {
    this.#deps = deps;
    this.#states = new UploadStateFiles(deps.root);
  }

  /** Opens a session and gives its name. */
  async start(repository = ''): Promise<string> {
    const id = this.#newId();
    await this.#states.create(id, this.#emptyState(repository));
    return id;
  }

  /** Throws `UPLOAD_UNKNOWN` when the repository has no such session. */
  require(id: string, repository?: string): void {
    const state = isUploadId(id) ? this.#states.find(id) : undefined;
    const isTheirs = repository === undefined || state?.repository === '' || state?.repository === repository;
    if (!state || !isTheirs) throw unknownUpload(id);
  }

  /** Bytes the session holds; while a request runs, those it has written so far. */
  async offset(id: string, repository?: string): Promise<number> {
    const running = this.#inUse.get(id);
    if (running === undefined) return this.#use(id, repository, async ({ progress }) => progress.offset);
    this.require(id, repository);
    return running.offset;
  }

  /**
   * Appends and gives the new offset. When the body breaks off, what arrived is kept and its error rethrown.
   * Throws `INVALID_RANGE` with the true offset in `details.offset` when the chunk begins elsewhere.
   */
  async append(id: string, chunk: UploadChunk, repository?: string): Promise<number> {
    return this.#use(id, repository, async (session) => {
      requireStart(chunk, session.progress.offset);
      await appendResumable(session, chunk);
      return session.progress.offset;
    });
  }

  /**
   * Ends the session: appends `last`, verifies, makes the blob visible. Throws `DIGEST_MISMATCH`, and then
   * the session is gone; an error of `last` leaves it as `append` does.
   */
  async commit(id: string, digest: Digest, last?: UploadChunk, repository?: string): Promise<BlobInfo> {
    return this.#use(id, repository, async (session) => {
      const { writer, progress, hash } = session;
      if (last) requireStart(last, progress.offset);
      const upload = new UploadWriter(writer, progress);
      let found: Digest;
      if (last && progress.offset === 0) {
        // Sent whole in one request: should it break off, the next one hashes from the file what came.
        found = await this.#appendWhole(upload, last, digest);
      } else {
        if (last) await appendResumable(session, last);
        const { hash: state } = await hash.finish();
        found =
          digestAlgorithm(digest) === 'sha512'
            ? await sha512Of(writer)
            : this.#deps.resumableHasher(state).digest();
      }
      try {
        const blob = await upload.commit(digest, found);
        session.isEnded = true;
        return blob;
      } catch (error) {
        session.isEnded = isWherryError(error, 'DIGEST_MISMATCH');
        throw error;
      }
    });
  }

  /** Stores a blob that is sent in one request; nothing of it is kept when that breaks off. */
  async putWhole(digest: Digest, chunk: UploadChunk): Promise<BlobInfo> {
    await using writer = await this.#deps.blobs.begin(this.#newId(), { hashedBy: 'caller' });
    const upload = new UploadWriter(writer, { offset: 0 });
    let found: Digest;
    try {
      found = await this.#appendWhole(upload, chunk, digest);
    } catch (error) {
      await writer.abort();
      throw error;
    }
    return await upload.commit(digest, found);
  }

  /** Ends the session and forgets its bytes. */
  async cancel(id: string, repository?: string): Promise<void> {
    await this.#use(id, repository, async (session) => {
      session.isEnded = true;
      await session.writer.abort();
    });
  }

  /** Forgets the sessions that no request has used for `maxAgeMs`; gives their number. */
  async removeStale(maxAgeMs: number): Promise<number> {
    const before = new Date(this.#deps.clock.now().getTime() - maxAgeMs);
    let removed = 0;
    for (const id of await this.#states.listStale(before)) {
      try {
        await using writer = await this.#begin(id);
        this.#states.remove(id);
        await writer.abort();
        removed++;
      } catch (error) {
        // Another process has it open: slow, not stale.
        if (!isWherryError(error, 'CONFLICT')) throw error;
      }
    }
    return removed;
  }

  /** How many uploads are begun and not ended. */
  count(): Promise<number> {
    return this.#states.count();
  }

  async #appendWhole(upload: UploadWriter, chunk: UploadChunk, wanted: Digest): Promise<Digest> {
    const isSha512 = digestAlgorithm(wanted) === 'sha512';
    const hasher: Hasher = isSha512 ? new NodeHasher('sha512') : this.#deps.fastHasher();
    await upload.append(chunk, { update: (bytes) => hasher.update(bytes) });
    return hasher.digest();
  }

  async #use<T>(
    id: string,
    repository: string | undefined,
    work: (session: HeldSession) => Promise<T>,
  ): Promise<T> {
    this.require(id, repository);
    const other = this.#inUse.get(id);
    if (other) await this.#waitFor(id, other);
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const progress = { offset: 0, ended };
    this.#inUse.set(id, progress);
    try {
      if (other) this.require(id, repository);
      return await this.#hold(id, progress, work);
    } finally {
      this.#inUse.delete(id);
      end();
    }
  }

  async #hold<T>(
    id: string,
    progress: { offset: number },
    work: (session: HeldSession) => Promise<T>,
  ): Promise<T> {
    let session: HeldSession | undefined;
    let repository = '';
    try {
      await using writer = await this.#begin(id);
      // Only now is the state ours: another process may have gone on, or ended it, before the lock was free.
      const state = this.#states.find(id);
      if (!state || writer.offset < state.offset) {
        await writer.abort();
        this.#states.remove(id);
        throw unknownUpload(id);
      }
      ({ repository } = state);
      progress.offset = writer.offset;
      session = { writer, hash: this.#hashOf(id, writer, state), progress, isEnded: false };
      return await work(session);
    } finally {
      if (session?.isEnded) this.#states.remove(id);
      // A store forgets an ingest that holds nothing, and with it what lies beside; the session goes on.
      else if (session && progress.offset === 0) await this.#states.save(id, this.#emptyState(repository));
    }
  }

  /** What a killed request wrote behind its last saved state is hashed with the next bytes. */
  #hashOf(id: string, { path, offset }: BlobWriter, saved: UploadState): UploadHash {
    if (path === undefined) throw new Error('upload sessions need a store that writes files');
    const { hashPiece } = this.#deps;
    const { repository } = saved;
    const save = (hashed: HashedPart) => this.#states.save(id, { ...hashed, repository }, path);
    return new UploadHash({ hashPiece, save }, path, saved, offset);
  }

  #emptyState(repository: string): UploadState {
    this.#emptyHash ??= this.#deps.resumableHasher().save();
    return { offset: 0, hash: this.#emptyHash, repository };
  }

  async #waitFor(id: string, other: RunningRequest): Promise<void> {
    const waited = new AbortController();
    await Promise.race([other.ended, this.#deps.clock.sleep(LOCK_WAIT_MS, waited.signal)]);
    waited.abort();
    if (this.#inUse.has(id)) throw busyUpload(id);
  }

  async #begin(id: string): Promise<BlobWriter> {
    const signal = AbortSignal.timeout(LOCK_WAIT_MS);
    try {
      return await this.#deps.blobs.begin(id, { hashedBy: 'caller', signal });
    } catch (cause) {
      if (isWherryError(cause, 'CANCELLED')) throw busyUpload(id, cause);
      throw cause;
    }
  }

  #newId(): string {
    return this.#deps.newId?.() ?? randomUUID();
  }
}

/** Appends, saving the state of the hash now and then and at the end, also when the body breaks off. */
async function appendResumable({ writer, hash, progress }: HeldSession, chunk: UploadChunk): Promise<void> {
  const upload = new UploadWriter(writer, progress);
  try {
    await upload.append(chunk, { onWritten: (offset) => hash.follow(offset) });
  } catch (error) {
    // A full disk has no room for a state either: the last one is the truth then.
    if (upload.isBroken) await hash.finish();
    else await hash.settle();
    throw error;
  }
  await hash.finish();
}

/** Only the state of a sha256 can be saved: what came in pieces is read once more. */
async function sha512Of({ path }: BlobWriter): Promise<Digest> {
  if (path === undefined) throw new Error('upload sessions need a store that writes files');
  const hasher = new NodeHasher('sha512');
  for await (const chunk of createReadStream(path, { highWaterMark: REHASH_BYTES })) hasher.update(chunk);
  return hasher.digest();
}
