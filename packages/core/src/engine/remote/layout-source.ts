import { collect } from '../../bytes/collect.ts';
import { type Digest, digestAlgorithm } from '../../digest.ts';
import { isWherryError, WherryError } from '../../errors.ts';
import { digestOfBytes } from '../../image/build-image.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { parseIndex } from '../../oci/index-document.ts';
import { checkLayoutFile, INDEX_FILE, LAYOUT_FILE, layoutBlobPath, namesOfEntry } from '../../oci/layout.ts';
import { parseManifest } from '../../oci/manifest.ts';
import { isIndexType, isManifestType } from '../../oci/media-types.ts';
import { formatReference, parseReference, withDefaultTag } from '../../reference.ts';
import { referrersTag } from '../../registry/referrers.ts';
import type { RemoteDocument } from '../../registry/registry-client.ts';
import { MAX_MANIFEST_BYTES } from '../store/documents.ts';
import type { CopySource } from './copy-ends.ts';
import type { LayoutFiles } from './layout-files.ts';
import { ofRightSize } from './registry-end.ts';

/** `sha256-<hex>`, with or without a suffix: what lists or signs an image, and is none. */
const BESIDE_AN_IMAGE = /^sha(?:256|512)-[0-9a-f]{64}/;
const SHOWN_NAMES = 10;

/** An image of a layout: the one called `name`, or the only one. `files` is closed with the source. */
export async function layoutSource(files: LayoutFiles, name: string | undefined): Promise<CopySource> {
  const layout = new Layout(files, await entriesOf(files));
  return {
    root: () => layout.root(name),
    document: (descriptor) => layout.document(descriptor),
    async *blob(descriptor, range) {
      const path = layoutBlobPath(descriptor.digest);
      if ((await files.size(path)) === undefined)
        throw new WherryError('BLOB_UNKNOWN', `blob ${descriptor.digest} is not in ${files.place}`, {
          hint: 'the layout may hold one platform of several: choose it with --platform',
        });
      yield* files.read(path, range);
    },
    referrers: (subject) => layout.referrers(subject),
    tagged: (tag) => layout.tagged(tag),
    [Symbol.asyncDispose]: () => files[Symbol.asyncDispose](),
  };
}

async function entriesOf(files: LayoutFiles): Promise<readonly Descriptor[]> {
  // Some tools leave the marker out; what it would say is checked where it is there.
  if ((await files.size(LAYOUT_FILE)) !== undefined)
    checkLayoutFile(await collect(files.read(LAYOUT_FILE), MAX_MANIFEST_BYTES, LAYOUT_FILE));
  if ((await files.size(INDEX_FILE)) === undefined)
    throw new WherryError('INVALID_ARCHIVE', `${files.place}: not an OCI layout: ${INDEX_FILE} is missing`);
  return parseIndex(await collect(files.read(INDEX_FILE), MAX_MANIFEST_BYTES, INDEX_FILE)).manifests;
}

class Layout {
  readonly #files: LayoutFiles;
  readonly #entries: readonly Descriptor[];
  #subjects: Promise<ReadonlyMap<Digest, Descriptor[]>> | undefined;

  constructor(files: LayoutFiles, entries: readonly Descriptor[]) {
    this.#files = files;
    this.#entries = entries;
  }

  async root(name: string | undefined): Promise<RemoteDocument> {
    const found = name === undefined ? await this.#images() : this.#named(name);
    const [entry, another] = [...new Map(found.map((each) => [each.digest, each])).values()];
    if (entry !== undefined && another === undefined) return this.document(entry);
    const names = this.#entries.flatMap((each) => namesOfEntry(each).refName ?? []);
    const shown = names.slice(0, SHOWN_NAMES).join(', ');
    const { place } = this.#files;
    throw new WherryError(
      'IMAGE_UNKNOWN',
      entry === undefined
        ? `${place} holds no image${name === undefined ? '' : ` called ${JSON.stringify(name)}`}`
        : `${place} holds several images`,
      shown === '' ? {} : { hint: `name one of its images behind a colon: ${shown}` },
    );
  }

  async document({ mediaType, digest, size }: Descriptor): Promise<RemoteDocument> {
    const path = layoutBlobPath(digest);
    if ((await this.#files.size(path)) === undefined)
      throw new WherryError('MANIFEST_UNKNOWN', `manifest ${digest} is not in ${this.#files.place}`, {
        hint: 'the layout may hold one platform of several: choose it with --platform',
      });
    const bytes = await collect(this.#files.read(path), MAX_MANIFEST_BYTES, `manifest ${digest}`);
    const found = digestOfBytes(bytes, digestAlgorithm(digest));
    if (found !== digest) throw new WherryError('DIGEST_MISMATCH', `manifest ${digest}: digest ${found}`);
    return {
      descriptor: { mediaType, digest, size },
      bytes: ofRightSize(bytes, { mediaType, digest, size }),
    };
  }

  async tagged(tag: string): Promise<RemoteDocument | undefined> {
    const entry = this.#entries.find((each) => namesOfEntry(each).refName === tag);
    return entry && this.document(entry);
  }

  async referrers(subject: Digest): Promise<readonly Descriptor[]> {
    this.#subjects ??= this.#readSubjects();
    const found = new Map(((await this.#subjects).get(subject) ?? []).map((each) => [each.digest, each]));
    const list = await this.tagged(referrersTag(subject));
    if (list !== undefined && isIndexType(list.descriptor.mediaType))
      for (const each of parseIndex(list.bytes).manifests) found.set(each.digest, each);
    return [...found.values()];
  }

  #named(name: string): Descriptor[] {
    const full = fullName(name);
    return this.#entries.filter((entry) => {
      const names = namesOfEntry(entry);
      return names.refName === name || (names.full !== undefined && names.full === full);
    });
  }

  /** The entries that are images: what signs or describes another one is none. */
  async #images(): Promise<Descriptor[]> {
    this.#subjects ??= this.#readSubjects();
    const beside = new Set([...(await this.#subjects).values()].flat().map(({ digest }) => digest));
    return this.#entries.filter(
      (entry) => !beside.has(entry.digest) && !BESIDE_AN_IMAGE.test(namesOfEntry(entry).refName ?? ''),
    );
  }

  /** What the layout's own entries have as their subjects. */
  async #readSubjects(): Promise<ReadonlyMap<Digest, Descriptor[]>> {
    const found = new Map<Digest, Descriptor[]>();
    for (const entry of this.#entries) {
      const { mediaType } = entry;
      if (!isIndexType(mediaType) && !isManifestType(mediaType)) continue;
      // A layout may name what it does not hold.
      if ((await this.#files.size(layoutBlobPath(entry.digest))) === undefined) continue;
      const { bytes } = await this.document(entry);
      const { subject } = isIndexType(mediaType) ? parseIndex(bytes) : parseManifest(bytes);
      if (subject) found.set(subject.digest, [...(found.get(subject.digest) ?? []), entry]);
    }
    return found;
  }
}

/** The canonical form of a name that can be an image's; absent: it is a bare tag, or any text. */
function fullName(name: string): string | undefined {
  try {
    return formatReference(withDefaultTag(parseReference(name)));
  } catch (error) {
    if (isWherryError(error, 'INVALID_REFERENCE')) return undefined;
    throw error;
  }
}
