import type { Digest } from '../digest.ts';
import { digestAlgorithm, digestHex, isDigest } from '../digest.ts';
import { WherryError } from '../errors.ts';
import type { Descriptor } from './descriptor.ts';

import { readJsonObject, stringAt } from './json.ts';

/** Names in an image layout. OCI image-spec v1.1, image-layout.md. */
export const LAYOUT_FILE = 'oci-layout';
export const INDEX_FILE = 'index.json';
export const BLOBS_FOLDER = 'blobs';
/** The content of `oci-layout`. */
export const LAYOUT_CONTENT = '{"imageLayoutVersion":"1.0.0"}';

/** Annotations that name an image in a layout's index: the full reference (containerd's), and the tag. */
export const IMAGE_NAME_ANNOTATION = 'io.containerd.image.name';
export const REF_NAME_ANNOTATION = 'org.opencontainers.image.ref.name';

/**
 * On the index of an archive that leaves blobs out because its reader has them: their digests, with blanks
 * between.
 */
export const OMITTED_ANNOTATION = 'dev.wherry.omitted';

/** Checks the marker of a layout. Throws `INVALID_DOCUMENT`; `UNSUPPORTED` for another major version. */
export function checkLayoutFile(bytes: Uint8Array): void {
  const object = readJsonObject(bytes, LAYOUT_FILE);
  const version = stringAt(object.imageLayoutVersion, `${LAYOUT_FILE}.imageLayoutVersion`);
  if (!/^1\./.test(version))
    throw new WherryError('UNSUPPORTED', `image layout version ${version} is not supported, want 1.0.0`);
}

/** Where a blob lies in a layout, `/`-separated. */
export function layoutBlobPath(digest: Digest): string {
  return `${BLOBS_FOLDER}/${digestAlgorithm(digest)}/${digestHex(digest)}`;
}

/** The digest that a path in a layout stands for; absent: it is no blob's. */
export function digestOfBlobPath(path: string): Digest | undefined {
  const match = /^blobs\/([a-z0-9]+)\/([0-9a-f]+)$/.exec(path);
  const text = match ? `${match[1]}:${match[2]}` : '';
  return isDigest(text) ? text : undefined;
}

/** The names that an entry of a layout's index gives its image, as they stand there. */
export function namesOfEntry(entry: Descriptor): { readonly full?: string; readonly refName?: string } {
  const full = entry.annotations?.[IMAGE_NAME_ANNOTATION];
  const refName = entry.annotations?.[REF_NAME_ANNOTATION];
  return { ...(full && { full }), ...(refName && { refName }) };
}
