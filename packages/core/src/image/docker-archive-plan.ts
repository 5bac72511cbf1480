import { type Digest, isDigest } from '../digest.ts';
import { isWherryError, WherryError } from '../errors.ts';
import { layerMediaType } from '../layer/media-type.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { parseImageConfig } from '../oci/image-config.ts';
import {
  arrayAt,
  endsEarly,
  objectAt,
  optionalStringAt,
  readJson,
  stringAt,
  stringsAt,
} from '../oci/json.ts';
import { digestOfBlobPath } from '../oci/layout.ts';
import { MEDIA_TYPES } from '../oci/media-types.ts';
import { parseReference, type Reference } from '../reference.ts';
import { type ArchiveMembers, findMember, invalidArchive, type StoredMember } from './archive-members.ts';
import { describeDocument, makeManifest, type StoredDocument } from './build-image.ts';
import type { Layout } from './layout-plan.ts';
import { type ArchivePlan, type PlannedImage, type PlanOptions, requireDocument } from './planned-image.ts';

export const MANIFEST_FILE = 'manifest.json';

const MAX_IMAGES = 10_000;
const MAX_LAYERS = 10_000;

/** One item of `manifest.json`. */
interface ManifestItem {
  readonly config: string;
  readonly repoTags: readonly string[];
  /** Base first. */
  readonly layers: readonly string[];
  readonly parent?: Digest;
}

/**
 * Plans what `manifest.json` lists, and then what only the layout beside it (a `docker save` of today writes
 * both) has. Where the layout has an image's manifest, that is taken, so that its digest stays what it was.
 */
export function planDockerArchive(
  members: ArchiveMembers,
  options: PlanOptions,
  layout: Layout | undefined,
): ArchivePlan {
  const documents: StoredDocument[] = [];
  const covered = new Set<Digest>();
  const images = readManifestFile(members).map((item): PlannedImage => {
    const names = item.repoTags.map(readTag);
    const config = describeDocument(MEDIA_TYPES.ociConfig, requireDocument(members, item.config));
    const imageId = config.descriptor.digest;
    const { diff_ids: diffIDs } = parseImageConfig(config.bytes).rootfs;
    requireLayerCount(item, diffIDs);
    const base = { names, imageId, ...(item.parent && { parent: item.parent }) };
    const target = layout && findTarget(layout, imageId, layerDigests(members, item, layout));
    if (target) {
      covered.add(target.digest);
      return { ...base, target };
    }
    const layers = diffIDs.map((diffID, index) =>
      requireLayer(members, item.layers[index] ?? '', { diffID, index }, options),
    );
    const manifest = makeManifest(config.descriptor, layers.map(layerDescriptor));
    documents.push(config, manifest);
    return { ...base, target: manifest.descriptor };
  });
  const listed = new Set(images.map((image) => image.imageId));
  const others = (layout?.entries ?? []).filter(
    ({ target, manifests }) =>
      !covered.has(target.digest) && !manifests.some((manifest) => listed.has(manifest.config.digest)),
  );
  const more = others.map(({ target, names, manifests: [only, another] }) => ({
    names,
    target,
    ...(only && !another && { imageId: only.config.digest }),
  }));
  const warnings = [...(layout?.warnings ?? []), ...others.flatMap((entry) => entry.warnings)];
  return { images: [...images, ...more], documents, warnings, omitted: layout?.omitted ?? new Set() };
}

/** The members that `manifest.json` or `repositories` means as layers, by the names it has for them. */
export function layerNames(members: ArchiveMembers): string[] {
  return findMember(members, MANIFEST_FILE) ? readManifestFile(members).flatMap((item) => item.layers) : [];
}

/** What `manifest.json` lists. */
export function readManifestFile(members: ArchiveMembers): ManifestItem[] {
  return arrayAt(readManifestJson(members), MANIFEST_FILE, MAX_IMAGES).map((value, index) => {
    const at = `${MANIFEST_FILE}[${index}]`;
    const item = objectAt(value, at);
    const parent = optionalStringAt(item.Parent, `${at}.Parent`) ?? '';
    return {
      config: stringAt(item.Config, `${at}.Config`),
      repoTags: stringsAt(item.RepoTags, `${at}.RepoTags`, MAX_IMAGES),
      layers: stringsAt(item.Layers, `${at}.Layers`, MAX_LAYERS),
      ...(isDigest(parent) && { parent }),
    };
  });
}

function readManifestJson(members: ArchiveMembers): unknown {
  const bytes = requireDocument(members, MANIFEST_FILE);
  try {
    return readJson(bytes, MANIFEST_FILE);
  } catch (cause) {
    if (!isWherryError(cause, 'INVALID_DOCUMENT') || !endsEarly(new TextDecoder().decode(bytes))) throw cause;
    throw new WherryError('TRUNCATED', 'unexpected EOF', { hint: `${MANIFEST_FILE} stops early`, cause });
  }
}

function readTag(text: string): Reference {
  const ref = parseReference(text);
  if (ref.tag === undefined)
    throw new WherryError('INVALID_REFERENCE', `invalid tag ${JSON.stringify(text)}`);
  return { domain: ref.domain, path: ref.path, tag: ref.tag };
}

function requireLayerCount(item: ManifestItem, diffIDs: readonly Digest[]): void {
  if (diffIDs.length === item.layers.length) return;
  throw invalidArchive(
    `invalid manifest, layers length mismatch: expected ${item.layers.length}, got ${diffIDs.length}`,
  );
}

/** The blobs of an image's layers, as far as the archive has them as blobs, or says that its reader has them. */
function layerDigests(
  members: ArchiveMembers,
  item: ManifestItem,
  { omitted }: Layout,
): (Digest | undefined)[] {
  return item.layers.map((name) => {
    const found = findMember(members, name);
    if (found?.member.kind === 'blob') return found.member.digest;
    const digest = found ? undefined : digestOfBlobPath(name);
    return digest && omitted.has(digest) ? digest : undefined;
  });
}

/** The layer of a member. Throws `INVALID_ARCHIVE` when it is missing or no layer, `DIFF_ID_MISMATCH`. */
export function requireLayer(
  members: ArchiveMembers,
  name: string,
  wanted: { readonly diffID?: Digest; readonly index: number },
  options: PlanOptions,
): StoredMember {
  const found = findMember(members, name);
  if (found === undefined) {
    const known = wanted.diffID && options.findLayer?.(wanted.diffID);
    if (known) return known;
    throw invalidArchive(
      `open ${name}: no such file or directory`,
      'a layer is missing in the archive, and the store does not have it: save the image again',
    );
  }
  const { member } = found;
  if (member.kind !== 'blob' || member.layer === undefined)
    throw invalidArchive(`layer ${name} is not a tar`);
  const { diffID } = member.layer;
  if (wanted.diffID !== undefined && diffID !== wanted.diffID)
    throw new WherryError(
      'DIFF_ID_MISMATCH',
      `invalid diffID for layer ${wanted.index}: expected "${wanted.diffID}", got "${diffID}"`,
      { details: { layer: name } },
    );
  return member;
}

export function layerDescriptor({ digest, size, layer }: StoredMember): Descriptor {
  return { mediaType: layerMediaType(layer?.compression ?? 'none', 'oci'), digest, size };
}

/** The layout's entry that has this very image: the same config and the same layers. */
function findTarget(
  layout: Layout,
  imageId: Digest,
  layers: readonly (Digest | undefined)[],
): Descriptor | undefined {
  return layout.entries.find(({ manifests }) =>
    manifests.some(
      (manifest) =>
        manifest.config.digest === imageId &&
        manifest.layers.length === layers.length &&
        manifest.layers.every((layer, at) => layer.digest === layers[at]),
    ),
  )?.target;
}
