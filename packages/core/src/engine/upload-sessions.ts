import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { ByteSource } from '../bytes/byte-source.ts';
import type { Clock } from '../clock.ts';
import type { BlobInfo, BlobIngester, BlobWriter } from '../content/blob-store.ts';
import type { Digest, HasherFactory, ResumableHasher } from '../digest.ts';
import { isWherryError, WherryError } from '../errors.ts';
import { isUploadId, type UploadState, UploadStateFiles } from './upload-state.ts';
import { Checkpoints, type UploadChunk, UploadWriter } from './upload-writer.ts';

const TAIL_READ_BYTES = 1 << 20;
/**
 * How long a request waits for the one before it: when a client's connection breaks and it comes back at once,
 * the server is still saving what the broken one sent.
 */
const LOCK_WAIT_MS = 2_000;

export interface UploadSessionsDeps {
  readonly blobs: BlobIngester;
  /** Directory of the store. */
  readonly root: string;
  /** A hasher that starts fresh, or goes on from a saved state. */
  readonly resumableHasher: (state?: Uint8Array) => ResumableHasher;
  /** The fastest hasher, for what is sent in one request. */
  readonly fastHasher: HasherFactory;
  readonly clock: Clock;
  /** Absent: random UUIDs. */
  readonly newId?: () => string;
}

/** A session while one request uses it. */
interface HeldSession {
  readonly writer: BlobWriter;
  readonly hasher: ResumableHasher;
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
 * request at a time uses a session. Methods throw `UPLOAD_UNKNOWN`, `CONFLICT` when another request uses the
 * session, `NO_SPACE`.
 */
export class UploadSessions {
  readonly #deps: UploadSessionsDeps;
  readonly #states: UploadStateFiles;
  /** Sessions that a request of this process uses. */
  readonly #inUse = new Map<string, RunningRequest>();

  constructor(deps: UploadSessionsDeps) {
    this.#deps = deps;
    this.#states = new UploadStateFiles(deps.root);
  }

  /** Opens a session and gives its name. */
  async start(): Promise<string> {
    const id = this.#newId();
    await this.#saveEmpty(id);
    return id;
  }

  /** Bytes the session holds; while a request runs, those it has written so far. */
  async offset(id: string): Promise<number> {
    return this.#inUse.get(id)?.offset ?? this.#use(id, async ({ progress }) => progress.offset);
  }

  /**
   * Appends and gives the new offset. When the body breaks off, what arrived is kept and its error rethrown.
   * Throws `INVALID_RANGE` with the true offset in `details.offset` when the chunk begins elsewhere.
   */
  async append(id: string, chunk: UploadChunk): Promise<number> {
    return this.#use(id, async (session) => {
      requireStart(chunk, session.progress.offset);
      await this.#appendResumable(id, session, chunk.body);
      return session.progress.offset;
    });
  }

  /**
   * Ends the session: appends `last`, verifies, makes the blob visible. Throws `DIGEST_MISMATCH`, and then
   * the session is gone; an error of `last` leaves it as `append` does.
   */
  async commit(id: string, digest: Digest, last?: UploadChunk): Promise<BlobInfo> {
    return this.#use(id, async (session) => {
      const { writer, progress } = session;
      if (last) requireStart(last, progress.offset);
      // Sent whole in one request: should it break off, the next one reads from the file what came.
      const isWhole = last !== undefined && progress.offset === 0;
      const hasher = isWhole ? this.#deps.fastHasher() : session.hasher;
      const upload = new UploadWriter(writer, hasher, progress);
      if (isWhole) await upload.append(last.body);
      else if (last) await this.#appendResumable(id, session, last.body);
      try {
        const blob = await upload.commit(digest);
        session.isEnded = true;
        return blob;
      } catch (error) {
        session.isEnded = isWherryError(error, 'DIGEST_MISMATCH');
        throw error;
      }
    });
  }

  /** Stores a blob that is sent in one request; nothing of it is kept when that breaks off. */
  async putWhole(digest: Digest, body: ByteSource): Promise<BlobInfo> {
    await using writer = await this.#deps.blobs.begin(this.#newId(), { hashedBy: 'caller' });
    const upload = new UploadWriter(writer, this.#deps.fastHasher(), { offset: 0 });
    try {
      await upload.append(body);
    } catch (error) {
      await writer.abort();
      throw error;
    }
    return await upload.commit(digest);
  }

  /** Ends the session and forgets its bytes. */
  async cancel(id: string): Promise<void> {
    await this.#use(id, async (session) => {
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
        await this.#states.remove(id);
        await writer.abort();
        removed++;
      } catch (error) {
        // Another process has it open: slow, not stale.
        if (!isWherryError(error, 'CONFLICT')) throw error;
      }
    }
    return removed;
  }

  /** Appends, saving the state now and then and at the end, also when the body breaks off. */
  async #appendResumable(id: string, session: HeldSession, body: ByteSource): Promise<void> {
    const { writer, hasher, progress } = session;
    const checkpoints = new Checkpoints(hasher, progress.offset, (state) =>
      this.#states.save(id, state, writer.path),
    );
    const upload = new UploadWriter(writer, hasher, progress);
    try {
      await upload.append(body, (offset) => checkpoints.offer(offset));
    } catch (error) {
      // After a failed write the hasher is ahead of the file; the last checkpoint is the truth then.
      await checkpoints.finish(upload.isTorn ? undefined : progress.offset);
      throw error;
    }
    await checkpoints.finish(progress.offset);
  }

  async #use<T>(id: string, work: (session: HeldSession) => Promise<T>): Promise<T> {
    if (!isUploadId(id)) throw unknownUpload(id);
    await this.#waitForOther(id);
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const progress = { offset: 0, ended };
    this.#inUse.set(id, progress);
    try {
      if (!(await this.#states.find(id))) throw unknownUpload(id);
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
    try {
      await using writer = await this.#begin(id);
      // Only now is the state ours: another process may have gone on, or ended it, before the lock was free.
      const state = await this.#states.find(id);
      if (!state || writer.offset < state.offset) {
        await writer.abort();
        await this.#states.remove(id);
        throw unknownUpload(id);
      }
      const hasher = this.#deps.resumableHasher(state.hash);
      await hashTail(writer, state, hasher);
      progress.offset = writer.offset;
      session = { writer, hasher, progress, isEnded: false };
      return await work(session);
    } finally {
      if (session?.isEnded) await this.#states.remove(id);
      // A store forgets an ingest that holds nothing, and with it what lies beside; the session goes on.
      else if (session && progress.offset === 0) await this.#saveEmpty(id);
    }
  }

  async #saveEmpty(id: string): Promise<void> {
    await this.#states.save(id, { offset: 0, hash: this.#deps.resumableHasher().save() });
  }

  async #waitForOther(id: string): Promise<void> {
    const other = this.#inUse.get(id);
    if (!other) return;
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

/** Hashes what a killed request wrote behind its last saved state. */
async function hashTail(writer: BlobWriter, state: UploadState, hasher: ResumableHasher): Promise<void> {
  if (writer.offset === state.offset) return;
  if (writer.path === undefined) throw new Error('an ingest without a file cannot be ahead of its state');
  const tail = createReadStream(writer.path, {
    start: state.offset,
    end: writer.offset - 1,
    highWaterMark: TAIL_READ_BYTES,
  });
  for await (const chunk of tail) hasher.update(chunk);
}

function requireStart({ startAt }: UploadChunk, offset: number): void {
  if (startAt === undefined || startAt === offset) return;
  throw new WherryError('INVALID_RANGE', `upload is at offset ${offset}, chunk begins at ${startAt}`, {
    details: { offset },
  });
}

function unknownUpload(id: string): WherryError {
  return new WherryError('UPLOAD_UNKNOWN', `upload ${id.slice(0, 64)} not found`, {
    hint: 'start a new upload',
  });
}

function busyUpload(id: string, cause?: unknown): WherryError {
  return new WherryError('CONFLICT', `upload ${id} is in use by another request`, { cause });
}
