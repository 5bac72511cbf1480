import type { Clock } from '../../../clock.ts';
import type { BlobStore } from '../../../content/blob-store.ts';
import { type Digest, isDigest } from '../../../digest.ts';
import { isWherryError, type WherryError } from '../../../errors.ts';
import type {
  MirroredRepository,
  MirroredTag,
  MirrorLink,
  MirrorStore,
} from '../../../metadata/mirror-store.ts';
import type { Descriptor } from '../../../oci/descriptor.ts';
import type { RemoteDocument } from '../../../registry/registry-client.ts';
import { storeDocument } from '../../store/documents.ts';
import { readPushedDocument } from '../registry-documents.ts';
import { refOf } from './blobs.ts';
import { SingleFlight } from './single-flight.ts';
import type { Upstream } from './upstream.ts';
import { fromUpstream, isMissing, isOutage } from './upstream-errors.ts';

/** Why an answer may be out of date. */
export interface Staleness {
  /** Since the upstream was last asked. */
  readonly ageMs: number;
  /** What it did when it was to be asked again; absent: it was out of reach a moment ago. */
  readonly error?: WherryError;
}

/** A manifest or index as the mirror has it. */
export interface MirroredManifest {
  readonly descriptor: Descriptor;
  readonly staleness?: Staleness;
}

export interface MirrorManifestsDeps {
  readonly blobs: BlobStore;
  readonly cache: MirrorStore;
  readonly clock: Clock;
  /** How long the upstream is not asked again about a tag. */
  readonly tagTtlMs: number;
  /** How long the upstream may take to say whether a tag that is cached has changed. */
  readonly revalidationMs: number;
  /** Runs after each manifest that came into the store. */
  readonly onStored: (manifest: Descriptor) => void;
  /** Ends requests to upstreams. */
  readonly signal: AbortSignal;
}

/** Manifests of mirrored repositories: for ever by digest, by tag as long as the upstream says the same. */
export class MirrorManifests {
  readonly #deps: MirrorManifestsDeps;
  readonly #finding = new SingleFlight<MirroredManifest | undefined>();

  constructor(deps: MirrorManifestsDeps) {
    this.#deps = deps;
  }

  /** `reference` is a tag or a digest; `undefined`: the upstream says there is none. */
  async find(
    upstream: Upstream,
    of: MirroredRepository,
    reference: string,
  ): Promise<MirroredManifest | undefined> {
    const name = `${of.upstream}/${of.repository} ${reference}`;
    return this.#finding.run(name, () =>
      isDigest(reference) ? this.#byDigest(upstream, of, reference) : this.#byTag(upstream, of, reference),
    );
  }

  settled(): Promise<void> {
    return this.#finding.settled();
  }

  async #byDigest(upstream: Upstream, of: MirroredRepository, digest: Digest) {
    const descriptor = await this.#held(of, digest);
    return descriptor ? { descriptor } : this.#fetched(upstream, of, { digest });
  }

  async #byTag(
    upstream: Upstream,
    of: MirroredRepository,
    tag: string,
  ): Promise<MirroredManifest | undefined> {
    const { cache, clock, tagTtlMs } = this.#deps;
    const last = cache.findTag(of, tag);
    const descriptor = last && (await this.#held(of, last.digest));
    if (last === undefined || descriptor === undefined) return this.#fetched(upstream, of, { tag });
    const ageMs = clock.now().getTime() - last.checkedAt.getTime();
    // A clock that was set back makes what is cached look new.
    if (ageMs >= 0 && ageMs < tagTtlMs) return { descriptor };
    const stale = (error?: WherryError) => ({ descriptor, staleness: { ageMs, ...(error && { error }) } });
    if (upstream.rests) return stale();
    try {
      return await this.#revalidated(upstream, of, tag, { ...last, descriptor });
    } catch (error) {
      const cause = isWherryError(error) ? error.cause : undefined;
      if (!isOutage(error) || (isWherryError(cause) && cause.kind === 'corrupt')) throw error;
      upstream.noteOutage();
      return stale(error);
    }
  }

  async #revalidated(
    upstream: Upstream,
    of: MirroredRepository,
    tag: string,
    last: MirroredTag & MirroredManifest,
  ): Promise<MirroredManifest | undefined> {
    const { cache, revalidationMs, signal } = this.#deps;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(revalidationMs)]);
    const found = await asked(upstream, () => upstream.client.headManifest({ ...refOf(of), tag }, limit));
    if (found?.digest === last.digest) {
      cache.putTag(of, tag, last.digest);
      return { descriptor: last.descriptor };
    }
    if (found !== undefined) return this.#fetched(upstream, of, { tag }, limit);
    cache.deleteTag(of, tag);
    return undefined;
  }

  async #fetched(
    upstream: Upstream,
    of: MirroredRepository,
    named: { readonly tag?: string; readonly digest?: Digest },
    signal = this.#deps.signal,
  ): Promise<MirroredManifest | undefined> {
    const ref = { ...refOf(of), ...named };
    const document = await asked(upstream, () => upstream.client.getManifest(ref, signal));
    if (document === undefined) return undefined;
    await this.#store(of, document);
    const { descriptor } = document;
    if (named.tag !== undefined) this.#deps.cache.putTag(of, named.tag, descriptor.digest);
    return { descriptor };
  }

  async #held(of: MirroredRepository, digest: Digest): Promise<Descriptor | undefined> {
    const { blobs, cache } = this.#deps;
    const link = cache.findLink(of, digest);
    if (link?.isHeld !== true || link.mediaType === undefined) return undefined;
    if (!(await blobs.stat(digest))) return undefined;
    cache.noteUse(digest);
    return { mediaType: link.mediaType, digest, size: link.size };
  }

  async #store(of: MirroredRepository, { descriptor, bytes }: RemoteDocument): Promise<void> {
    const { blobs, cache, onStored } = this.#deps;
    cache.reserve(descriptor);
    try {
      await storeDocument(blobs, descriptor, bytes);
    } catch (error) {
      cache.releaseUnheld(descriptor.digest);
      throw error;
    }
    cache.hold(of, descriptor, namedIn(descriptor, bytes));
    onStored(descriptor);
  }
}

async function asked<T>(upstream: Upstream, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    const answer = await ask();
    upstream.noteAnswer();
    return answer;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw fromUpstream(upstream.name, error);
  }
}

/** What a manifest says of its content, so that nobody has to ask for sizes. */
function namedIn({ mediaType }: Descriptor, bytes: Uint8Array): MirrorLink[] {
  try {
    const { required } = readPushedDocument(bytes, mediaType);
    return required.map(({ digest, size }) => ({ digest, size }));
  } catch (error) {
    // A kind of document that we do not know is passed on all the same.
    if (isWherryError(error, 'INVALID_DOCUMENT')) return [];
    throw error;
  }
}
