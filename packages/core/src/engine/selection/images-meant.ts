import { isWherryError, WherryError } from '../../errors.ts';
import type { ImageStore } from '../../metadata/metadata-store.ts';
import { parseAnyReference, type Reference, repositoryOf } from '../../reference.ts';
import { type ResolvedImage, resolveImage } from '../resolve.ts';

/**
 * The images that a text means where an archive is made of them: a repository without a tag means all its tags,
 * an ID the image without names. Throws `IMAGE_UNKNOWN` with Docker's texts, `INVALID_REFERENCE`.
 */
export function imagesMeant(metadata: ImageStore, text: string): ResolvedImage[] {
  const ref = parseAnyReference(text);
  if ('imageId' in ref) return [resolveImage(metadata, text)];
  if (ref.tag === undefined && ref.digest === undefined) {
    const tagged = metadata.listNames(repositoryOf(ref)).filter((name) => name.ref.tag !== undefined);
    const found = tagged.flatMap((name) => {
      const facts = metadata.findImage(name.imageId);
      return facts ? [{ facts, name }] : [];
    });
    if (found.length > 0) return found;
  }
  try {
    return [resolveImage(metadata, text)];
  } catch (error) {
    if (!isWherryError(error, 'IMAGE_UNKNOWN')) throw error;
    throw new WherryError('IMAGE_UNKNOWN', notFound(ref, text), { details: error.details, cause: error });
  }
}

function notFound(ref: Reference, text: string): string {
  return ref.tag === undefined && ref.digest === undefined
    ? `No such image: ${text}`
    : 'reference does not exist';
}
