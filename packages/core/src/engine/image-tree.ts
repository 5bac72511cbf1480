import type { Digest } from '../digest.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { isIndexType } from '../oci/media-types.ts';
import type { Platform } from '../platform.ts';
import { familiarName } from '../reference.ts';
import type { ImageSummary, ImagesRequest } from './engine.ts';
import { images } from './images.ts';
import type { ResolvedImage } from './resolve.ts';
import { isPresent, type Variant, variantsOf } from './selection/platform-variants.ts';
import { ImageContent, type SizedContent, totalBytes } from './store/image-content.ts';
import type { Store } from './store/store.ts';

interface ImageTreeSizes {
  /** Bytes of the store's blobs that it needs, each counted once. */
  readonly diskBytes: number;
  /** Bytes that a pull of what is here transfers. */
  readonly contentBytes: number;
  readonly isPinned: boolean;
  /** A container was made from it. */
  readonly isInUse: boolean;
}

/** What names stand for: an index, or one image. */
export interface ImageTree extends ImageTreeSizes {
  /** Familiar names with tag; empty: it has none. */
  readonly names: readonly string[];
  /** Of the image that the names show. */
  readonly id: Digest;
  /** What the names lead to: the index, or the manifest. */
  readonly target: Descriptor;
  /** In the order of the index. */
  readonly variants: readonly ImageTreeVariant[];
}

/** An image for one platform. */
export interface ImageTreeVariant extends ImageTreeSizes {
  readonly platform: Platform;
  readonly manifest: Descriptor;
  /** Absent: it is not here. */
  readonly id?: Digest;
}

/** What is listed as one: names that lead to the same index or manifest. */
interface Root extends ResolvedImage {
  readonly names: string[];
}

/**
 * Lists images by what their names stand for, newest first, with the images of an index under it. What has no
 * tag is listed with `all`. Throws as `images` does, and `CORRUPT` when an index cannot be read.
 */
export async function imageTree(
  deps: { readonly store: Store; readonly now: () => Date },
  request: ImagesRequest = {},
): Promise<ImageTree[]> {
  const { store } = deps;
  const roots: { readonly root: Root; readonly variants: readonly Variant[] }[] = [];
  for (const root of rootsOf(store, await images(deps, request), request.all === true))
    roots.push({ root, variants: await variantsOf(store, root) });
  const covered = new Set<Digest>();
  for (const { root, variants } of roots)
    if (root.names.length > 0) for (const { facts } of variants.filter(isPresent)) covered.add(facts.id);
  const marks = {
    pinned: new Set(store.metadata.pinnedImages()),
    inUse: new Set(store.metadata.imagesOfContainers()),
  };
  const content = new ImageContent(store);
  const trees: ImageTree[] = [];
  for (const { root, variants } of roots)
    if (root.names.length > 0 || !covered.has(root.facts.id))
      trees.push(await treeOf(root, variants, content, marks));
  return trees;
}

function rootsOf({ metadata }: Store, rows: readonly ImageSummary[], all: boolean): Iterable<Root> {
  const roots = new Map<Digest, Root>();
  for (const row of rows) {
    const facts = metadata.findImage(row.id);
    // Another process may have removed it since it was listed.
    if (!facts) continue;
    const names = metadata.namesOf(row.id);
    const listed = names.filter(
      ({ ref }) => ref.tag !== undefined && row.repoTags.includes(familiarName(ref)),
    );
    for (const name of listed) {
      const root = roots.get(name.target.digest) ?? { facts, name, names: [] };
      root.names.push(familiarName(name.ref));
      roots.set(name.target.digest, root);
    }
    const [name] = names;
    const target = name?.target ?? facts.manifest;
    if (all && listed.length === 0 && !roots.has(target.digest))
      roots.set(target.digest, { facts, ...(name && { name }), names: [] });
  }
  return roots.values();
}

/** Images that are marked. */
interface Marks {
  readonly pinned: ReadonlySet<Digest>;
  readonly inUse: ReadonlySet<Digest>;
}

async function treeOf(
  { facts, name, names }: Root,
  variants: readonly Variant[],
  content: ImageContent,
  { pinned, inUse }: Marks,
): Promise<ImageTree> {
  const index = name && isIndexType(name.target.mediaType) ? [name.target] : [];
  const blobs = new Set(index.map(({ digest }) => digest));
  const transferred: SizedContent[] = [...index];
  const children: ImageTreeVariant[] = [];
  for (const { platform, manifest, facts: image } of variants) {
    if (!image) {
      children.push({ platform, manifest, diskBytes: 0, contentBytes: 0, isPinned: false, isInUse: false });
      continue;
    }
    const own = content.blobsOf(image);
    const pulled = await content.transferOf(image);
    for (const digest of own) blobs.add(digest);
    transferred.push(...pulled);
    const [diskBytes, contentBytes] = [await content.bytesOf(own), totalBytes(pulled)];
    const { id } = image;
    const [isPinned, isInUse] = [pinned.has(id), inUse.has(id)];
    children.push({ platform, manifest, id, diskBytes, contentBytes, isPinned, isInUse });
  }
  return {
    names: names.sort(),
    id: facts.id,
    target: name?.target ?? facts.manifest,
    diskBytes: await content.bytesOf(blobs),
    contentBytes: totalBytes(transferred),
    isPinned: children.some((child) => child.isPinned),
    isInUse: children.some((child) => child.isInUse),
    variants: children,
  };
}
