import type { Digest } from '../../digest.ts';
import { WherryError } from '../../errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { parseIndex } from '../../oci/index-document.ts';
import { parseManifest } from '../../oci/manifest.ts';
import { isForeignLayerType, isIndexType, isManifestType } from '../../oci/media-types.ts';
import type { RemoteDocument } from '../../registry/registry-client.ts';
import { forEachLimited } from '../limiter.ts';
import type { CopyContent, CopySource } from './copy-ends.ts';

const MAX_INDEX_DEPTH = 8;
const MAX_DOCUMENTS = 10_000;
/** What all documents of one copy may take of memory. */
const MAX_DOCUMENTS_BYTES = 64 << 20;

/** Finds out what there is to copy; one for a whole copy, so that its bounds hold for all of it. */
export class ContentReader {
  readonly #source: CopySource;
  readonly #jobs: number;
  readonly #signal: AbortSignal;
  #documents = 0;
  #bytes = 0;

  constructor(source: CopySource, jobs: number, signal: AbortSignal) {
    this.#source = source;
    this.#jobs = jobs;
    this.#signal = signal;
  }

  /** A document of the source. Throws `TOO_LARGE` when there are too many. */
  async document(descriptor: Descriptor): Promise<RemoteDocument> {
    return this.admit(await this.#source.document(descriptor));
  }

  /** Counts a document that came in another way. Throws `TOO_LARGE` when there are too many. */
  admit(document: RemoteDocument): RemoteDocument {
    this.#documents++;
    this.#bytes += document.bytes.length;
    if (this.#documents > MAX_DOCUMENTS || this.#bytes > MAX_DOCUMENTS_BYTES)
      throw new WherryError(
        'TOO_LARGE',
        `the image has more than ${MAX_DOCUMENTS} manifests, or more than ${MAX_DOCUMENTS_BYTES} bytes of them`,
      );
    return document;
  }

  /**
   * All that a document leads to. Foreign layers stay where they are; what is neither manifest nor index is
   * a blob. Throws `INVALID_DOCUMENT`, `TOO_LARGE`, the source's codes.
   */
  async contentOf(root: RemoteDocument): Promise<CopyContent> {
    const documents = new Map<Digest, RemoteDocument>();
    const blobs = new Map<Digest, Descriptor>();
    await this.#collect(root, 0, { documents, blobs });
    return { root, documents: [...documents.values()], blobs: [...blobs.values()] };
  }

  async #collect(
    document: RemoteDocument,
    depth: number,
    found: { readonly documents: Map<Digest, RemoteDocument>; readonly blobs: Map<Digest, Descriptor> },
  ): Promise<void> {
    const { mediaType, digest } = document.descriptor;
    if (found.documents.has(digest)) return;
    if (depth > MAX_INDEX_DEPTH)
      throw new WherryError('INVALID_DOCUMENT', `indexes are nested deeper than ${MAX_INDEX_DEPTH} levels`);
    if (isIndexType(mediaType)) {
      const children = parseIndex(document.bytes).manifests;
      const isDocument = (child: Descriptor) =>
        isIndexType(child.mediaType) || isManifestType(child.mediaType);
      for (const child of await this.#fetch(children.filter(isDocument)))
        await this.#collect(child, depth + 1, found);
      for (const child of children) if (!isDocument(child)) found.blobs.set(child.digest, child);
    } else {
      const { config, layers } = parseManifest(document.bytes);
      for (const blob of [config, ...layers])
        if (!isForeignLayerType(blob.mediaType)) found.blobs.set(blob.digest, blob);
    }
    found.documents.set(digest, document);
  }

  /** Several documents, some at once; in the order of their descriptors. */
  async #fetch(descriptors: readonly Descriptor[]): Promise<RemoteDocument[]> {
    const fetched = new Map<Digest, RemoteDocument>();
    await forEachLimited(descriptors, this.#jobs, this.#signal, async (descriptor) => {
      if (!fetched.has(descriptor.digest)) fetched.set(descriptor.digest, await this.document(descriptor));
    });
    return descriptors.flatMap(({ digest }) => fetched.get(digest) ?? []);
  }
}
