import { createHash } from 'node:crypto';
import type { BlobInfo, BlobStore, BlobWriter, ByteRange } from '../../../content/blob-store.ts';
import { layoutBlobPath } from '../../../content/store-paths.ts';
import type { Digest } from '../../../digest.ts';
import { isWherryError } from '../../../errors.ts';
import type { MirroredRepository, MirrorStore } from '../../../metadata/mirror-store.ts';
import type { BlobSender, ChunkSink } from '../blob-pump.ts';
import { BlobFetch } from './blob-fetch.ts';
import type { Upstream } from './upstream.ts';
import { fromUpstream, isMissing, isOutage } from './upstream-errors.ts';

/** A blob that is here, or on its way. */
export interface OpenBlob extends BlobInfo {
  /** Nothing of it has to come from the upstream. */
  readonly isCached?: true;
  /** All of it is a file: its path from the store's directory, with slashes. */
  readonly path?: string;
  /** Hands the bytes on as they come. Throws what the upstream does wrong, before the last byte. */
  send(range: Required<ByteRange>, sink: ChunkSink): Promise<void>;
}

export interface MirrorBlobsDeps {
  readonly blobs: BlobStore;
  /** Sends what is stored. */
  readonly sendStored: BlobSender;
  readonly cache: MirrorStore;
  /** Runs after each blob that came into the store. */
  readonly onStored: (blob: BlobInfo) => void;
  /** Ends fetches; what they hold is resumed later. */
  readonly signal: AbortSignal;
}

/** A blob of one repository. */
type Key = { readonly of: MirroredRepository; readonly digest: Digest };

/** A fetch under way, and the repositories that have the blob when it ends. */
interface RunningFetch {
  readonly fetch: BlobFetch;
  readonly holders: MirroredRepository[];
}

/**
 * The blobs of mirrored repositories. One is served only where its own upstream has given it, or, where that
 * upstream has given it for another of its repositories, confirmed that this one has it too.
 */
export class MirrorBlobs {
  readonly #deps: MirrorBlobsDeps;
  /** By upstream and digest, and so is `#fetches`. */
  readonly #opening = new Map<string, { of: MirroredRepository; opened: Promise<OpenBlob | undefined> }>();
  readonly #fetches = new Map<string, RunningFetch>();
  readonly #running = new Set<Promise<void>>();

  constructor(deps: MirrorBlobsDeps) {
    this.#deps = deps;
  }

  /** Asks about a blob without fetching it. */
  async find(upstream: Upstream, key: Key): Promise<BlobInfo | undefined> {
    const held = await this.#held(key);
    if (held !== undefined) return held;
    const running = this.#fetches.get(nameOf(key));
    if (running?.holders.some((of) => isSame(of, key.of))) return running.fetch.info;
    const size = await this.#sizeAt(upstream, key);
    return size === undefined ? undefined : { digest: key.digest, size };
  }

  /** Gets a blob, which is on its way when this resolves: the upstream has begun to send it. */
  async open(upstream: Upstream, key: Key): Promise<OpenBlob | undefined> {
    const name = nameOf(key);
    for (;;) {
      const held = await this.#held(key);
      if (held !== undefined) return { ...this.#whole(upstream, key, held), isCached: true };
      const running = this.#fetches.get(name);
      if (running !== undefined) return this.#join(upstream, key, running);
      const opening = this.#opening.get(name);
      if (opening === undefined) break;
      if (isSame(opening.of, key.of)) return opening.opened;
      // What another repository has says nothing of this one.
      await Promise.allSettled([opening.opened]);
    }
    const opened = this.#start(upstream, key).finally(() => this.#opening.delete(name));
    this.#opening.set(name, { of: key.of, opened });
    return opened;
  }

  /** Resolves when no fetch runs. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#opening.values()].map(({ opened }) => opened));
    await Promise.allSettled(this.#running);
  }

  async #held({ of, digest }: Key): Promise<BlobInfo | undefined> {
    const { blobs, cache } = this.#deps;
    if (cache.findLink(of, digest)?.isHeld !== true) return undefined;
    const found = await blobs.stat(digest);
    if (found !== undefined) cache.noteUse(digest);
    return found;
  }

  /** A blob of which nothing is on its way. */
  #whole(upstream: Upstream, key: Key, info: BlobInfo): OpenBlob {
    return {
      ...info,
      path: layoutBlobPath(key.digest),
      // The eviction may come between the look and the first read: then the blob is fetched again.
      send: async (range, sink) => {
        try {
          await this.#deps.sendStored(key.digest, range, sink);
        } catch (error) {
          const isGone = isWherryError(error, 'BLOB_UNKNOWN');
          const again = isGone ? await this.open(upstream, key) : undefined;
          if (again === undefined) throw error;
          await again.send(range, sink);
        }
      },
    };
  }

  /** Follows a fetch that may be another repository's: then the upstream confirms that this one has the blob. */
  async #join(upstream: Upstream, key: Key, { fetch, holders }: RunningFetch): Promise<OpenBlob | undefined> {
    if (!holders.some((of) => isSame(of, key.of))) {
      if ((await this.#sizeAt(upstream, key)) === undefined) return undefined;
      if (fetch.isStored) this.#deps.cache.hold(key.of, fetch.info, []);
      else holders.push(key.of);
    }
    return this.#following(fetch);
  }

  async #start(upstream: Upstream, key: Key): Promise<OpenBlob | undefined> {
    const { of, digest } = key;
    const { blobs, cache, signal } = this.#deps;
    const known = cache.isHeldBy(of.upstream, digest) ? await blobs.stat(digest) : undefined;
    if (known !== undefined) {
      if ((await this.#sizeAt(upstream, key)) === undefined) return undefined;
      cache.hold(of, known, []);
      return this.#whole(upstream, key, known);
    }
    const size = cache.findLink(of, digest)?.size ?? (await this.#sizeAt(upstream, key));
    if (size === undefined) return undefined;
    const expected = { digest, size, hashedBy: 'caller', signal } as const;
    const writer = await blobs.begin(ingestKey(key), expected);
    try {
      return await this.#fetch(upstream, key, await BlobFetch.open({ digest, size }, writer), writer);
    } catch (error) {
      await writer[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #fetch(
    upstream: Upstream,
    key: Key,
    fetch: BlobFetch,
    writer: BlobWriter,
  ): Promise<OpenBlob | undefined> {
    const { cache, signal } = this.#deps;
    const { info } = fetch;
    const ref = refOf(key.of);
    const descriptor = { mediaType: 'application/octet-stream', ...info };
    const holders = [key.of];
    const parts = {
      read: (start: number) => upstream.client.getBlob(ref, descriptor, { start, end: info.size }, signal),
      explain: (error: unknown) => explained(upstream, error),
      beforeCommit: () => cache.reserve(info),
      afterCommit: () => {
        for (const of of holders) cache.hold(of, info, []);
      },
    };
    const first = Promise.withResolvers<void>();
    this.#fetches.set(nameOf(key), { fetch, holders });
    const running = this.#run(key, info, fetch.run(writer, parts, first.resolve), writer);
    this.#running.add(running);
    // Whoever reads hears of what comes later.
    running.then(first.resolve, first.reject).finally(() => this.#running.delete(running));
    try {
      await first.promise;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
    return this.#following(fetch);
  }

  /** Follows a fetch to its end. */
  async #run(key: Key, info: BlobInfo, work: Promise<void>, writer: BlobWriter): Promise<void> {
    const { cache, onStored } = this.#deps;
    try {
      await work;
      onStored(info);
    } catch (error) {
      cache.releaseUnheld(key.digest);
      throw error;
    } finally {
      this.#fetches.delete(nameOf(key));
      await writer[Symbol.asyncDispose]();
    }
  }

  #following(fetch: BlobFetch): OpenBlob {
    const { sendStored } = this.#deps;
    const { info } = fetch;
    return {
      ...info,
      ...(fetch.isStored && { path: layoutBlobPath(info.digest) }),
      send: async (range, sink) =>
        fetch.isStored ? sendStored(info.digest, range, sink) : fetch.send(range, sink),
    };
  }

  #sizeAt(upstream: Upstream, { of, digest }: Key): Promise<number | undefined> {
    return asking(upstream, () => upstream.client.blobSize(refOf(of), digest, this.#deps.signal));
  }
}

/** A repository as the registry client names it. */
export function refOf({ upstream, repository }: MirroredRepository) {
  return { domain: upstream, path: repository };
}

async function asking<T>(upstream: Upstream, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw fromUpstream(upstream.name, error);
  }
}

/** What the store says is the store's; all else in a fetch is the upstream's. */
function explained(upstream: Upstream, error: unknown): unknown {
  if (isWherryError(error, 'NO_SPACE', 'PERMISSION_DENIED')) return error;
  if (isOutage(error)) upstream.noteOutage();
  return fromUpstream(upstream.name, error);
}

/** What one fetch at a time is for. */
function nameOf({ of, digest }: Key): string {
  return `${of.upstream}@${digest}`;
}

function isSame(a: MirroredRepository, b: MirroredRepository): boolean {
  return a.upstream === b.upstream && a.repository === b.repository;
}

/** Of one repository alone: what came through another is not this one's to show. */
function ingestKey({ of, digest }: Key): string {
  const place = createHash('sha256').update(`${of.upstream}/${of.repository}`).digest('hex');
  return `mirror-${place.slice(0, 16)}-${digest}`;
}
