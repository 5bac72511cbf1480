import { type Descriptor, descriptorToJson } from '../../oci/descriptor.ts';
import { parseIndex } from '../../oci/index-document.ts';
import { readJsonObject, writeJson } from '../../oci/json.ts';
import { IMAGE_NAME_ANNOTATION, namesOfEntry, REF_NAME_ANNOTATION } from '../../oci/layout.ts';
import { MEDIA_TYPES } from '../../oci/media-types.ts';

/** Something that a layout's `index.json` is to name. */
export interface LayoutChange {
  readonly descriptor: Descriptor;
  /** Absent: it is listed without a name. */
  readonly name?: string;
  /** The whole reference, for tools that want more than a tag. */
  readonly fullName?: string;
}

/**
 * The text of `index.json` after some changes: a name that another entry had moves, all else stays as it is.
 * Throws `INVALID_DOCUMENT` when `before` is no index. OCI image-spec v1.1, image-layout.md.
 */
export function changedIndex(before: Uint8Array | undefined, changes: readonly LayoutChange[]): string {
  const known = before === undefined ? {} : readJsonObject(before, 'index.json');
  const entries = before === undefined ? [] : parseIndex(before).manifests;
  const raw: unknown[] = Array.isArray(known.manifests) ? known.manifests : [];
  const isReplaced = (entry: Descriptor) =>
    changes.some(({ name, descriptor }) => {
      const { refName } = namesOfEntry(entry);
      return name === undefined
        ? refName === undefined && entry.digest === descriptor.digest
        : refName === name;
    });
  const kept = raw.filter((_, at) => {
    const entry = entries[at];
    return entry === undefined || !isReplaced(entry);
  });
  const manifests = [...kept, ...changes.map(entryOf)];
  const index = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, ...known, manifests };
  return new TextDecoder().decode(writeJson(index));
}

function entryOf({ descriptor, name, fullName }: LayoutChange): Record<string, unknown> {
  const { mediaType, digest, size } = descriptor;
  if (name === undefined) return descriptorToJson({ mediaType, digest, size });
  const annotations = {
    ...(fullName !== undefined && { [IMAGE_NAME_ANNOTATION]: fullName }),
    [REF_NAME_ANNOTATION]: name,
  };
  return descriptorToJson({ mediaType, digest, size, annotations });
}
