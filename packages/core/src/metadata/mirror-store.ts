import type { Digest } from '../digest.ts';

/** A repository of another registry, as the mirror knows it. */
export interface MirroredRepository {
  /** Name of the registry, such as `docker.io` or `127.0.0.1:5001`. */
  readonly upstream: string;
  /** Path in it, such as `library/ubuntu`. */
  readonly repository: string;
}

/** What a tag resolved to when the upstream was last asked. */
export interface MirroredTag {
  readonly digest: Digest;
  readonly checkedAt: Date;
}

/** Content that a repository is known to have. */
export interface MirrorLink {
  readonly digest: Digest;
  readonly size: number;
  /** Of manifests and indexes. */
  readonly mediaType?: string;
}

/** A link of the cache. */
export interface FoundLink extends MirrorLink {
  /** The upstream has given the content, or confirmed it; else a manifest has merely named it. */
  readonly isHeld: boolean;
}

/** Content in the cache, and the repositories that have it there. */
export interface CachedContent {
  readonly digest: Digest;
  readonly size: number;
  readonly repositories: readonly MirroredRepository[];
}

/**
 * The cache of the mirror: what is recorded here is held like a name holds an image. Everything is one short
 * transaction.
 */
export interface MirrorStore {
  findTag(of: MirroredRepository, tag: string): MirroredTag | undefined;
  /** Records that the upstream said so now. */
  putTag(of: MirroredRepository, tag: string, digest: Digest): void;
  deleteTag(of: MirroredRepository, tag: string): void;
  /** In ASCII order. */
  listTags(of: MirroredRepository): string[];
  findLink(of: MirroredRepository, digest: Digest): FoundLink | undefined;
  /** Tells whether anything of the repository has been asked for. */
  knows(of: MirroredRepository): boolean;
  /** Tells whether some repository of the upstream holds the content. */
  isHeldBy(upstream: string, digest: Digest): boolean;
  /** Keeps content from the sweep that is about to be stored, so that it is held before it is there. */
  reserve(content: Pick<MirrorLink, 'digest' | 'size'>): void;
  /** Makes reserved content part of a repository, with what it names: other content of that repository. */
  hold(of: MirroredRepository, link: MirrorLink, named: readonly MirrorLink[]): void;
  /** Takes content out of the cache; what its size is stays known. */
  release(digest: Digest): void;
  /** Takes reserved content out of the cache that no repository holds. */
  releaseUnheld(digest: Digest): void;
  /** Records that the content was asked for now. */
  noteUse(digest: Digest): void;
  /** Of all content together. */
  bytes(): number;
  /** Content, the one not asked for the longest time first. */
  leastRecentlyUsed(): Iterable<CachedContent>;
}
