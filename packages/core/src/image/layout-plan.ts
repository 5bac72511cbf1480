import { type Digest, isDigest } from '../digest.ts';
import { isWherryError } from '../errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { isAttestation, parseIndex } from '../oci/index-document.ts';
import { checkLayoutFile, INDEX_FILE, LAYOUT_FILE, namesOfEntry, OMITTED_ANNOTATION } from '../oci/layout.ts';
import { type Manifest, parseManifest } from '../oci/manifest.ts';
import { isConfigType, isIndexType, isManifestType } from '../oci/media-types.ts';
import { parseReference, type Reference, withDefaultTag } from '../reference.ts';
import { type ArchiveMembers, findMember, invalidArchive } from './archive-members.ts';
import { type ArchivePlan, findDocument, requireDocument } from './planned-image.ts';

/** What one entry of a layout's index holds. */
export interface LayoutEntry {
  /** Media type, digest and size of what the entry names. */
  readonly target: Descriptor;
  readonly names: readonly Reference[];
  /** The images whose manifests are here: one, or those of an index. */
  readonly manifests: readonly Manifest[];
  /** What is wrong with its names; of no matter where `manifest.json` names the image. */
  readonly warnings: readonly string[];
}

export interface Layout {
  readonly entries: readonly LayoutEntry[];
  /** What was left out. */
  readonly warnings: readonly string[];
  /** Blobs that the archive names and leaves out on purpose. */
  readonly omitted: ReadonlySet<Digest>;
}

const MAX_DEPTH = 8;

/** Reads the entries of a layout's `index.json`; what is no image is left out with a warning. */
export function readLayout(members: ArchiveMembers): Layout {
  // Some tools leave the marker out; what it would say is checked where it is there.
  const marker = findMember(members, LAYOUT_FILE)?.member;
  if (marker?.kind === 'document') checkLayoutFile(marker.bytes);
  const index = parseIndex(requireDocument(members, INDEX_FILE));
  const warnings: string[] = [];
  const entries = new Map<string, LayoutEntry>();
  for (const entry of index.manifests) {
    if (isAttestation(entry)) continue;
    const manifests = imagesOf(members, entry, 0);
    if (manifests.length === 0) {
      warnings.push(`${entry.digest} (${entry.mediaType}) is no image: left out`);
      continue;
    }
    // docker save writes one entry for each name of an image.
    const known = entries.get(entry.digest);
    const { mediaType, digest, size } = entry;
    const faults = [...(known?.warnings ?? [])];
    const names = [...(known?.names ?? []), ...readNames(entry, faults)];
    entries.set(digest, { target: { mediaType, digest, size }, names, manifests, warnings: faults });
  }
  const omitted = (index.annotations?.[OMITTED_ANNOTATION] ?? '').split(' ').filter(isDigest);
  return { entries: [...entries.values()], warnings, omitted: new Set(omitted) };
}

/** Plans every image of a layout. */
export function planLayout({ entries, warnings, omitted }: Layout): ArchivePlan {
  const images = entries.map(({ target, names, manifests }) => {
    const [only, another] = manifests;
    return { names, target, ...(only && !another && { imageId: only.config.digest }) };
  });
  const faults = entries.flatMap((entry) => entry.warnings);
  return { images, documents: [], warnings: [...warnings, ...faults], omitted };
}

function imagesOf(members: ArchiveMembers, descriptor: Descriptor, depth: number): Manifest[] {
  if (!isIndexType(descriptor.mediaType) && !isManifestType(descriptor.mediaType)) return [];
  const document = findDocument(members, descriptor);
  if (document === undefined) {
    // An archive of one platform keeps the whole index; the other platforms are not in it.
    if (depth > 0) return [];
    throw invalidArchive(
      `${descriptor.digest} is missing: ${INDEX_FILE} names it`,
      'the archive is not complete: save the image again',
    );
  }
  if (isManifestType(descriptor.mediaType)) {
    const manifest = parseManifest(document.bytes);
    return isConfigType(manifest.config.mediaType) ? [manifest] : [];
  }
  if (depth >= MAX_DEPTH) throw invalidArchive(`indexes are nested deeper than ${MAX_DEPTH} levels`);
  const children = parseIndex(document.bytes).manifests.filter((child) => !isAttestation(child));
  return children.flatMap((child) => imagesOf(members, child, depth + 1));
}

function readNames(entry: Descriptor, warnings: string[]): Reference[] {
  const { full, refName } = namesOfEntry(entry);
  // By its specification `ref.name` may be a bare tag, which names no image.
  const name = full ?? (refName && /[:/]/.test(refName) ? refName : undefined);
  if (name === undefined) {
    if (refName !== undefined) warnings.push(`${JSON.stringify(refName)} is a tag without a name: left out`);
    return [];
  }
  try {
    const ref = withDefaultTag(parseReference(name));
    return ref.tag === undefined ? [] : [{ domain: ref.domain, path: ref.path, tag: ref.tag }];
  } catch (error) {
    if (!isWherryError(error, 'INVALID_REFERENCE')) throw error;
    warnings.push(`${JSON.stringify(name)} is no image name (${error.message}): left out`);
    return [];
  }
}
