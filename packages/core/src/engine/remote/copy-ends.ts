import type { ByteRange } from '../../bytes/byte-range.ts';
import type { ByteSource } from '../../bytes/byte-source.ts';
import type { Digest } from '../../digest.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import type { Reference } from '../../reference.ts';
import type { PutBlobOptions, PutBlobOutcome, RemoteDocument } from '../../registry/registry-client.ts';

/** The end of a copy that gives. */
export interface CopySource extends AsyncDisposable {
  /** What a registry may mount blobs from; absent: the source is no registry. */
  readonly repository?: Reference;
  /** What is to be copied. Throws `MANIFEST_UNKNOWN`, `IMAGE_UNKNOWN`. */
  root(): Promise<RemoteDocument>;
  /** A manifest or index, verified. Throws `MANIFEST_UNKNOWN`, `DIGEST_MISMATCH`. */
  document(descriptor: Descriptor): Promise<RemoteDocument>;
  /** Not verified: the reader's to do. */
  blob(descriptor: Descriptor, range?: ByteRange): ByteSource;
  referrers(subject: Digest): Promise<readonly Descriptor[]>;
  /** What has this tag beside the image; `undefined` when nothing has. */
  tagged(tag: string): Promise<RemoteDocument | undefined>;
}

/** The end of a copy that takes. What it has taken is seen under the target's name after `publish` alone. */
export interface CopyTarget extends AsyncDisposable {
  readonly repository?: Reference;
  /** Blobs that it takes at once; absent: any number. */
  readonly maxJobs?: number;
  /** It verifies all of a blob itself, what an earlier copy left of it included, before anybody sees it. */
  readonly verifiesBlobs?: true;
  /** Looks at what is to come before anything does. Throws `UNSUPPORTED`, `PLATFORM_UNKNOWN`. */
  begin(content: CopyContent): void;
  putBlob(
    descriptor: Descriptor,
    read: (range?: ByteRange) => ByteSource,
    options: PutBlobOptions,
  ): Promise<PutBlobOutcome>;
  /** Takes a manifest or index; `referrer`: it is to be found by its subject. What it names is here already. */
  putDocument(document: RemoteDocument, as: 'content' | 'referrer'): Promise<void>;
  putTag(tag: string, document: RemoteDocument): Promise<void>;
  publish(root: RemoteDocument): Promise<void>;
}

/** All that one copy is about. */
export interface CopyContent {
  readonly root: RemoteDocument;
  /** The root and what it leads to, children before their indexes. */
  readonly documents: readonly RemoteDocument[];
  /** Each once. */
  readonly blobs: readonly Descriptor[];
}
