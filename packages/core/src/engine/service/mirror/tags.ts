import type { MirroredRepository, MirrorStore } from '../../../metadata/mirror-store.ts';
import { refOf } from './blobs.ts';
import { SingleFlight } from './single-flight.ts';
import type { Upstream } from './upstream.ts';
import { fromUpstream, isMissing, isOutage } from './upstream-errors.ts';

/** More than any repository has; a list without an end is no list. */
const MAX_TAGS = 1_000_000;

/** The tags of a mirrored repository. */
export interface MirroredTags {
  /** In ASCII order. */
  readonly tags: readonly string[];
  /** The upstream was out of reach: these are the tags that were asked for here. */
  readonly isPartial: boolean;
}

export interface MirrorTagsDeps {
  readonly cache: MirrorStore;
  /** Ends requests to upstreams. */
  readonly signal: AbortSignal;
}

/** Lists of tags, which are the upstream's to tell and not kept. */
export class MirrorTags {
  readonly #deps: MirrorTagsDeps;
  readonly #listing = new SingleFlight<MirroredTags | undefined>();

  constructor(deps: MirrorTagsDeps) {
    this.#deps = deps;
  }

  /** `undefined`: the upstream has no such repository. */
  list(upstream: Upstream, of: MirroredRepository): Promise<MirroredTags | undefined> {
    return this.#listing.run(`${of.upstream}/${of.repository}`, () => this.#list(upstream, of));
  }

  settled(): Promise<void> {
    return this.#listing.settled();
  }

  async #list(upstream: Upstream, of: MirroredRepository): Promise<MirroredTags | undefined> {
    const { cache, signal } = this.#deps;
    const tags: string[] = [];
    try {
      for await (const tag of upstream.client.listTags(refOf(of), signal))
        if (tags.push(tag) >= MAX_TAGS) break;
      return { tags: tags.sort(), isPartial: false };
    } catch (error) {
      if (isMissing(error)) return undefined;
      const known = isOutage(error) ? cache.listTags(of) : [];
      if (known.length === 0) throw fromUpstream(upstream.name, error);
      upstream.noteOutage();
      return { tags: known, isPartial: true };
    }
  }
}
