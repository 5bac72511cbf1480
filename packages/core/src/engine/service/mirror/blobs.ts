import { createHash } from 'node:crypto';
import type { ByteSource } from '../../../bytes/byte-source.ts';
import type { BlobInfo, BlobStore, BlobWriter, ByteRange } from '../../../content/blob-store.ts';
import type { Digest } from '../../../digest.ts';
import { isWherryError, WherryError } from '../../../errors.ts';
import type { MirroredRepository, MirrorStore } from '../../../metadata/mirror-store.ts';
import { BlobFetch } from './blob-fetch.ts';
import { SingleFlight } from './single-flight.ts';
import type { Upstream } from './upstream.ts';
import { fromUpstream, isMissing, isOutage } from './upstream-errors.ts';

/** A blob that is here, or on its way. */
export interface OpenBlob extends BlobInfo {
  /** Nothing of it has to come from the upstream. */
  readonly isCached?: true;
  /** Throws what the upstream does wrong, before the last byte. */
  read(range?: ByteRange): ByteSource;
}

export interface MirrorBlobsDeps {
  readonly blobs: BlobStore;
  readonly cache: MirrorStore;
  /** Runs after each blob that came into the store. */
  readonly onStored: (blob: BlobInfo) => void;
  /** Ends fetches; what they hold is resumed later. */
  readonly signal: AbortSignal;
}

/** How to tell one repository's blob from another's. */
type Key = { readonly of: MirroredRepository; readonly digest: Digest };

/**
 * The blobs of mirrored repositories. One is served only where its own upstream has given it, or, where that
 * upstream has given it for another of its repositories, confirmed that this one has it too.
 */
export class MirrorBlobs {
  readonly #deps: MirrorBlobsDeps;
  readonly #opening = new SingleFlight<OpenBlob | undefined>();
  readonly #fetches = new Map<string, BlobFetch>();
  readonly #running = new Set<Promise<void>>();

  constructor(deps: MirrorBlobsDeps) {
    this.#deps = deps;
  }

  /** Asks about a blob without fetching it. */
  async find(upstream: Upstream, key: Key): Promise<BlobInfo | undefined> {
    const held = (await this.#held(key)) ?? this.#fetches.get(nameOf(key))?.info;
    if (held !== undefined) return held;
    const size = await asking(upstream, () => upstream.client.blobSize(refOf(key.of), key.digest));
    return size === undefined ? undefined : { digest: key.digest, size };
  }

  /** Gets a blob, which is on its way when this resolves: the upstream has begun to send it. */
  async open(upstream: Upstream, key: Key): Promise<OpenBlob | undefined> {
    const held = await this.#held(key);
    if (held !== undefined)
      return { ...held, isCached: true, read: (range) => this.#readHeld(upstream, key, range) };
    const name = nameOf(key);
    const fetch = this.#fetches.get(name);
    if (fetch !== undefined) return this.#following(fetch);
    return this.#opening.run(name, () => this.#start(upstream, key));
  }

  /** Resolves when no fetch runs. */
  async settled(): Promise<void> {
    await this.#opening.settled();
    await Promise.allSettled(this.#running);
  }

  async #held({ of, digest }: Key): Promise<BlobInfo | undefined> {
    const { blobs, cache } = this.#deps;
    if (cache.findLink(of, digest)?.isHeld !== true) return undefined;
    const found = await blobs.stat(digest);
    if (found !== undefined) cache.noteUse(digest);
    return found;
  }

  /** The eviction may come between the look and the first read: then the blob is fetched again. */
  async *#readHeld(upstream: Upstream, key: Key, range: ByteRange | undefined): ByteSource {
    let isBegun = false;
    try {
      for await (const chunk of this.#deps.blobs.read(key.digest, range)) {
        isBegun = true;
        yield chunk;
      }
    } catch (error) {
      const again =
        isBegun || !isWherryError(error, 'BLOB_UNKNOWN') ? undefined : await this.open(upstream, key);
      if (again === undefined) throw error;
      yield* again.read(range);
    }
  }

  async #start(upstream: Upstream, key: Key): Promise<OpenBlob | undefined> {
    const { of, digest } = key;
    const { blobs, cache, signal } = this.#deps;
    const size = cache.findLink(of, digest)?.size ?? (await this.#sizeAt(upstream, key));
    if (size === undefined) return undefined;
    const writer = await blobs.begin(ingestKey(of.upstream, digest), {
      digest,
      size,
      hashedBy: 'caller',
      signal,
    });
    try {
      const isKnown = writer.exists && cache.isHeldBy(of.upstream, digest);
      // What is whole already has not been asked for in this repository.
      if ((isKnown || writer.offset === size) && (await this.#sizeAt(upstream, key)) === undefined)
        return await closed(writer);
      if (isKnown) return await this.#link(key, writer);
      return await this.#fetch(upstream, key, size, writer);
    } catch (error) {
      await writer[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The store has the blob from this upstream, which has confirmed that it is in this repository too. */
  async #link({ of, digest }: Key, writer: BlobWriter): Promise<OpenBlob> {
    const { blobs, cache } = this.#deps;
    await writer.abort();
    const found = await blobs.stat(digest);
    if (found === undefined) throw new WherryError('BLOB_UNKNOWN', `blob ${digest} was evicted just now`);
    cache.hold(of, found, []);
    return { ...found, read: (range) => blobs.read(digest, range) };
  }

  async #fetch(
    upstream: Upstream,
    key: Key,
    size: number,
    writer: BlobWriter,
  ): Promise<OpenBlob | undefined> {
    const { of, digest } = key;
    const { cache, signal } = this.#deps;
    const descriptor = { mediaType: 'application/octet-stream', digest, size };
    const fetch = await BlobFetch.open({ digest, size }, writer);
    const parts = {
      read: (start: number) => upstream.client.getBlob(refOf(of), descriptor, { start, end: size }, signal),
      explain: (error: unknown) => explained(upstream, error),
      beforeCommit: () => cache.reserve({ digest, size }),
      afterCommit: () => cache.hold(of, { digest, size }, []),
    };
    const first = Promise.withResolvers<void>();
    this.#fetches.set(nameOf(key), fetch);
    const running = this.#run(key, fetch.info, fetch.run(writer, parts, first.resolve), writer);
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
    const { blobs } = this.#deps;
    const { info } = fetch;
    return {
      ...info,
      async *read(range) {
        yield* fetch.isStored ? blobs.read(info.digest, range) : fetch.read(range);
      },
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

async function closed(writer: BlobWriter): Promise<undefined> {
  await writer[Symbol.asyncDispose]();
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

function nameOf({ of, digest }: Key): string {
  return `${of.upstream}/${of.repository}@${digest}`;
}

/** Of one upstream alone: what another has sent of a blob proves nothing about this one. */
function ingestKey(upstream: string, digest: Digest): string {
  return `mirror-${createHash('sha256').update(upstream).digest('hex').slice(0, 16)}-${digest}`;
}
