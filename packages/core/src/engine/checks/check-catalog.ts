import { existsSync } from 'node:fs';
import type { Digest } from '../../digest.ts';
import { throwIfCancelled } from '../../errors.ts';
import type { CatalogManifest } from '../../metadata/metadata-store.ts';
import { isIndexType, isManifestType } from '../../oci/media-types.ts';
import type { Fault } from '../engine.ts';
import { readPushedDocument } from '../service/registry-documents.ts';
import { MAX_MANIFEST_BYTES, readOwnDocument } from '../store/documents.ts';
import type { Store } from '../store/store.ts';

export interface CatalogCheck {
  readonly store: Store;
  readonly repair: boolean;
  /** Blobs whose bytes are not what their digests say. */
  readonly bad: ReadonlySet<Digest>;
  readonly signal: AbortSignal | undefined;
}

/**
 * Looks for manifests of the registry service's catalogue that cannot be served whole: one fault for each tag,
 * or for a manifest without tags. A repair forgets them, so that the next push finds that they are not here.
 */
export async function checkCatalog(check: CatalogCheck): Promise<Fault[]> {
  const faults: Fault[] = [];
  for (const entry of check.store.metadata.listCatalog()) {
    throwIfCancelled(check.signal);
    const lost = await lostContent(check, entry);
    if (lost.size === 0) continue;
    if (check.repair && !forget(check.store, entry, lost)) continue;
    const { repository, digest, tags } = entry;
    const names = tags.length > 0 ? tags.map((tag) => `${repository}:${tag}`) : [`${repository}@${digest}`];
    for (const subject of names)
      faults.push({
        kind: 'registry-incomplete',
        subject,
        message: `cannot be served: ${describeLost(check, lost)}`,
        ...(check.repair && { repaired: 'forgotten: the next push sends it again' }),
      });
  }
  return faults;
}

/** What is missing or bad of a manifest and all that it cannot do without. */
async function lostContent(check: CatalogCheck, entry: CatalogManifest): Promise<Set<Digest>> {
  const lost = new Set<Digest>();
  const seen = new Set<Digest>();
  const visit = async (digest: Digest, mediaType: string | undefined) => {
    if (seen.has(digest)) return;
    seen.add(digest);
    if (check.bad.has(digest) || !isThere(check.store, digest)) {
      lost.add(digest);
      return;
    }
    if (mediaType === undefined || !(isIndexType(mediaType) || isManifestType(mediaType))) return;
    const bytes = await readOwnDocument(check.store.blobs, digest, MAX_MANIFEST_BYTES);
    for (const child of readPushedDocument(bytes, mediaType).required)
      await visit(child.digest, child.mediaType);
  };
  // Without its record a manifest is not found, though its blob be there.
  if (entry.mediaType === undefined) lost.add(entry.digest);
  else await visit(entry.digest, entry.mediaType);
  return lost;
}

/** Forgets a manifest with its tags, unless a push has brought what was missing meanwhile. */
function forget(store: Store, { repository, digest }: CatalogManifest, lost: ReadonlySet<Digest>): boolean {
  const isLost = () =>
    store.metadata.findManifest(repository, digest) === undefined ||
    [...lost].some((one) => !isThere(store, one));
  return store.metadata.forgetManifest(repository, digest, isLost);
}

function isThere(store: Store, digest: Digest): boolean {
  return existsSync(store.blobs.pathOf(digest));
}

function describeLost({ store, bad }: CatalogCheck, lost: ReadonlySet<Digest>): string {
  const [first, ...others] = lost;
  if (first === undefined) throw new Error('a catalogue entry without a fault');
  const state = bad.has(first) ? 'is bad' : isThere(store, first) ? 'has no record' : 'is not in the store';
  const more = others.length === 0 ? '' : `, nor can ${others.length} more be used`;
  return `blob ${first} ${state}${more}`;
}
