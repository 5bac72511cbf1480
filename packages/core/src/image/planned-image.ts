import { type Digest, digestAlgorithm } from '../digest.ts';
import { WherryError } from '../errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { layoutBlobPath } from '../oci/layout.ts';
import type { Reference } from '../reference.ts';
import { type ArchiveMembers, findMember, invalidArchive, type StoredMember } from './archive-members.ts';
import { digestOfBytes, type StoredDocument } from './build-image.ts';

/** An image that an archive holds. */
export interface PlannedImage {
  /** With tag; empty: the archive names the image by its ID alone. */
  readonly names: readonly Reference[];
  /** The index or manifest that the names are to stand for: mediaType, digest and size alone. */
  readonly target: Descriptor;
  /** Digest of the config; absent: the target is an index, and what is chosen from it decides. */
  readonly imageId?: Digest;
  /** The image this one was built from, as `docker save` tells it. */
  readonly parent?: Digest;
}

/** What is to be done with an archive whose layers are in the store. */
export interface ArchivePlan {
  readonly images: readonly PlannedImage[];
  /** Indexes, manifests, configs and other small content: to be stored before the images are named. */
  readonly documents: readonly StoredDocument[];
  /** What the archive has and is left out, in words. */
  readonly warnings: readonly string[];
  /** Blobs that it names and leaves out on purpose: its reader is to have them. */
  readonly omitted: ReadonlySet<Digest>;
}

export interface PlanOptions {
  /** A layer the store has, for archives that leave out what their reader has already. */
  readonly findLayer?: (diffID: Digest) => StoredMember | undefined;
}

/**
 * A small blob of the archive, verified. Absent: it is not here, or large and in the store.
 * Throws `SIZE_MISMATCH`, `DIGEST_MISMATCH`.
 */
export function findDocument(members: ArchiveMembers, descriptor: Descriptor): StoredDocument | undefined {
  const found = findMember(members, layoutBlobPath(descriptor.digest));
  if (found?.member.kind !== 'document') return undefined;
  const { bytes } = found.member;
  if (bytes.length !== descriptor.size)
    throw new WherryError('SIZE_MISMATCH', `${found.name}: size ${bytes.length}, want ${descriptor.size}`);
  const digest = digestOfBytes(bytes, digestAlgorithm(descriptor.digest));
  if (digest !== descriptor.digest)
    throw new WherryError('DIGEST_MISMATCH', `${found.name}: digest ${digest}, want ${descriptor.digest}`);
  return { descriptor, bytes };
}

/** The bytes of a small member. Throws `INVALID_ARCHIVE` when there is none, or it is too large for a document. */
export function requireDocument(members: ArchiveMembers, path: string): Uint8Array {
  const member = findMember(members, path)?.member;
  if (member?.kind === 'document') return member.bytes;
  if (member) throw invalidArchive(`${path} is too large for a document, or none`);
  throw invalidArchive(
    `open ${path}: no such file or directory`,
    'the archive is not complete: save the image again',
  );
}
