import type { BlobReader } from '../../content/blob-store.ts';
import type { Digest } from '../../digest.ts';
import { WherryError } from '../../errors.ts';
import type { ImageFacts } from '../../metadata/metadata-store.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { attestedDigest, imageEntries, parseIndex } from '../../oci/index-document.ts';
import { isIndexType } from '../../oci/media-types.ts';
import { formatPlatform, type Platform, samePlatform } from '../../platform.ts';
import { familiarName } from '../../reference.ts';
import type { ResolvedImage } from '../resolve.ts';
import { MAX_MANIFEST_BYTES, readOwnDocument } from '../store/documents.ts';
import type { Store } from '../store/store.ts';

/** An image of an index: what it is for, and what the store knows of it. */
export interface Variant {
  /** As the index has it, for a config may leave the variant out; else as the config has it. */
  readonly platform: Platform;
  readonly manifest: Descriptor;
  /** Manifests of the index that attest to this one. */
  readonly attestations: readonly Digest[];
  /** Absent: the image for this platform is not here. */
  readonly facts?: ImageFacts;
}

export interface PresentVariant extends Variant {
  readonly facts: ImageFacts;
}

/** Tells whether `actual` is the very platform that was asked for, not just one that runs there. */
export function isPlatform(wanted: Platform, actual: Platform): boolean {
  return samePlatform(wanted, actual) && (!wanted.osVersion || wanted.osVersion === actual.osVersion);
}

/**
 * What a name stands for: every image of its index, in the order of the index, also those that are not here;
 * or its one image. An ID stands for its image alone. Throws `CORRUPT` when the index cannot be read.
 */
export async function variantsOf(store: Store, { facts, name }: ResolvedImage): Promise<Variant[]> {
  if (!name || !isIndexType(name.target.mediaType))
    return [{ platform: facts.platform, manifest: facts.manifest, attestations: [], facts }];
  return await variantsIn(store, name.target);
}

/** The images of an index, those of the indexes in it too. Throws `CORRUPT`, `INVALID_DOCUMENT`. */
export async function variantsIn(store: Store, index: Descriptor): Promise<Variant[]> {
  const entries: Descriptor[] = [];
  await collectEntries(store.blobs, index, entries, new Set());
  const attesting = Map.groupBy(entries, attestedDigest);
  return imageEntries({ manifests: entries }).flatMap((manifest) => {
    const facts = imageOf(store, manifest.digest);
    const platform = manifest.platform ?? facts?.platform;
    if (!platform) return [];
    const attestations = (attesting.get(manifest.digest) ?? []).map(({ digest }) => digest);
    return [{ platform, manifest, attestations, ...(facts && { facts }) }];
  });
}

export function isPresent(variant: Variant): variant is PresentVariant {
  return variant.facts !== undefined;
}

/** The image for `wanted` among those of a name. Throws `PLATFORM_UNKNOWN` with Docker's message. */
export function requireVariant(
  variants: readonly Variant[],
  wanted: Platform,
  subject: string,
): PresentVariant {
  const here = variants.filter(isPresent);
  const found = here.find(({ platform }) => isPlatform(wanted, platform));
  if (found) return found;
  throw platformMissing(
    subject,
    wanted,
    here.map(({ platform }) => platform),
  );
}

/** What is wrong when an image is not there for `wanted`; `available` is what there is, where that is known. */
export function platformMissing(
  subject: string,
  wanted: Platform,
  available: readonly Platform[] = [],
): WherryError {
  const platform = formatPlatform(wanted);
  const names = [...new Set(available.map(formatPlatform))];
  return new WherryError(
    'PLATFORM_UNKNOWN',
    `image with reference ${subject} was found but does not provide the specified platform (${platform})`,
    {
      ...(names.length > 0 && { hint: `it is here for ${names.join(', ')}` }),
      details: { platform, available: names },
    },
  );
}

/** What messages call an image that the user called `text`. */
export function shownName({ name }: ResolvedImage, text: string): string {
  return name ? familiarName(name.ref) : text;
}

/** What an index names, and the indexes in it that are here; these themselves are left out. */
async function collectEntries(
  blobs: BlobReader,
  index: Descriptor,
  found: Descriptor[],
  seen: Set<Digest>,
): Promise<void> {
  seen.add(index.digest);
  const bytes = await readOwnDocument(blobs, index.digest, MAX_MANIFEST_BYTES);
  for (const entry of parseIndex(bytes).manifests) {
    if (seen.has(entry.digest)) continue;
    seen.add(entry.digest);
    if (!isIndexType(entry.mediaType)) found.push(entry);
    else if (await blobs.stat(entry.digest)) await collectEntries(blobs, entry, found, seen);
  }
}

/** The image with this manifest: its ID is the digest of the config, which the manifest's record leads to. */
function imageOf({ metadata }: Store, manifest: Digest): ImageFacts | undefined {
  for (const digest of metadata.descendants([manifest])) {
    const facts = metadata.findImage(digest);
    if (facts) return facts;
  }
  return undefined;
}
