import type { Digest } from '../../digest.ts';
import type { RegistryCatalogStore } from '../../metadata/metadata-store.ts';

/** Tells whether the one who asks may read a repository. */
export type MayRead = (repository: string) => boolean;

/** Through which repository content is asked for, and by whom. */
export interface RepositoryAccess {
  /** Bare path, such as `team/app`. */
  readonly repository: string;
  /** Absent: the one who asks may read whatever the store has. */
  readonly mayRead?: MayRead;
}

type Links = Pick<RegistryCatalogStore, 'findBlobLink' | 'repositoriesOf'>;

/**
 * Tells whether a blob of the store can be read through a repository: when it is linked there. For whoever may
 * read the whole store it is enough that nobody deleted it there.
 */
export function isReadable(links: Links, digest: Digest, { repository, mayRead }: RepositoryAccess): boolean {
  const link = links.findBlobLink(repository, digest);
  return mayRead === undefined ? link !== 'removed' : link === 'linked';
}

/** Tells whether a blob of the store may be mounted: the one who asks can read it in some repository. */
export function isMountable(links: Links, digest: Digest, { mayRead }: RepositoryAccess): boolean {
  return mayRead === undefined || links.repositoriesOf(digest).some(mayRead);
}

/**
 * Tells whether a manifest of the repository may name `digest`. Were any content of the store good enough, a
 * manifest would be a way to read what others keep to themselves.
 */
export function isNameable(links: Links, digest: Digest, access: RepositoryAccess): boolean {
  const link = links.findBlobLink(access.repository, digest);
  if (link !== undefined) return link === 'linked';
  if (access.mayRead === undefined) return true;
  return links
    .repositoriesOf(digest)
    .some((repository) => repository === access.repository || access.mayRead?.(repository));
}
