import type { Digest } from '../../../digest.ts';
import { isWherryError } from '../../../errors.ts';
import type { CatalogManifest } from '../../../metadata/metadata-store.ts';
import type { CatalogEntry } from '../../../metadata/untagged-manifests.ts';
import { MAX_MANIFEST_BYTES, readDocument } from '../../store/documents.ts';
import type { Store } from '../../store/store.ts';
import { readPushedDocument } from '../registry-documents.ts';

/** A manifest that nothing needs, and what it refers to. */
export interface UnneededManifest extends CatalogEntry {
  readonly subject?: Digest;
}

/**
 * The manifests of the registry service that no tag leads to: not through indexes, nor from a referrer to its
 * subject, nor the other way round, for what is said about a manifest lives as long as that. What was pushed or
 * asked for within the grace period is none of them. OCI distribution-spec v1.1, "Pushing Manifests with Subject".
 */
export async function unneededManifests({ metadata, blobs }: Store): Promise<UnneededManifest[]> {
  const { untagged } = metadata;
  const children = Map.groupBy(untagged.edges(), ({ repository }) => repository);
  const found: UnneededManifest[] = [];
  for (const [repository, entries] of Map.groupBy(metadata.listCatalog(), (entry) => entry.repository)) {
    const loose = entries.filter(({ tags, digest }) => tags.length === 0 && !untagged.isFresh(digest));
    if (loose.length === 0) continue;
    const edges = Map.groupBy(children.get(repository) ?? [], ({ parent }) => parent);
    const below = (digest: Digest) => (edges.get(digest) ?? []).map(({ child }) => child);
    const kept = closure(
      entries.filter((entry) => !loose.includes(entry)).map(({ digest }) => digest),
      below,
    );
    const subjects = new Map<Digest, Digest | undefined>();
    for (const entry of loose)
      if (!kept.has(entry.digest)) subjects.set(entry.digest, await subjectOf(blobs, entry));
    keepReferrers(kept, subjects, below);
    for (const [digest, subject] of subjects)
      if (!kept.has(digest)) found.push({ repository, digest, ...(subject !== undefined && { subject }) });
  }
  return found;
}

/** A referrer that is kept may be an index, or the subject of others: until nothing is added. */
function keepReferrers(
  kept: Set<Digest>,
  subjects: ReadonlyMap<Digest, Digest | undefined>,
  below: (digest: Digest) => Digest[],
): void {
  for (let size = -1; size !== kept.size; ) {
    size = kept.size;
    for (const [referrer, subject] of subjects)
      if (subject !== undefined && kept.has(subject) && !kept.has(referrer))
        for (const digest of closure([referrer], below)) kept.add(digest);
  }
}

function closure(roots: Iterable<Digest>, below: (digest: Digest) => Digest[]): Set<Digest> {
  const found = new Set(roots);
  for (const digest of found) for (const child of below(digest)) found.add(child);
  return found;
}

async function subjectOf(blobs: Store['blobs'], entry: CatalogManifest): Promise<Digest | undefined> {
  if (entry.mediaType === undefined) return undefined;
  try {
    const bytes = await readDocument(blobs, entry.digest, MAX_MANIFEST_BYTES);
    return readPushedDocument(bytes, entry.mediaType).subject;
  } catch (error) {
    // What nobody can read refers to nothing; `system check` tells of it.
    if (isWherryError(error, 'BLOB_UNKNOWN', 'INVALID_DOCUMENT', 'TOO_LARGE')) return undefined;
    throw error;
  }
}
