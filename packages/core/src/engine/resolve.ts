import { type Digest, isDigest } from '../digest.ts';
import { isWherryError, WherryError } from '../errors.ts';
import type { ImageFacts, ImageName, ImageStore } from '../metadata/metadata-store.ts';
import { familiarName, parseReference, type Reference, withDefaultTag, withDigest } from '../reference.ts';

/** What the user's text turned out to be: an image, and the name when a name was given. */
export interface ResolvedImage {
  readonly facts: ImageFacts;
  /** Absent: the text was an ID or the beginning of one. */
  readonly name?: ImageName;
}

/**
 * Finds the image that `text` means, in Docker's order: a full ID, a name, the beginning of an ID.
 * Throws `IMAGE_UNKNOWN` with Docker's text, `INVALID_REFERENCE` for what can be neither.
 */
export function resolveImage(store: ImageStore, text: string): ResolvedImage {
  const id = fullId(text);
  if (id !== undefined) {
    const facts = store.findImage(id);
    if (facts) return { facts };
    throw unknownImage(text);
  }
  const ref = referenceOrPrefix(text);
  const name = ref && store.findName(ref);
  const facts = name && store.findImage(name.imageId);
  if (name && facts) return { facts, name };
  const hex = text.startsWith('sha256:') ? text.slice('sha256:'.length) : text;
  if (/^[0-9a-f]{1,63}$/.test(hex)) {
    const ids = store.imageIdsByPrefix(hex, 2);
    const [only] = ids;
    const found = ids.length === 1 && only !== undefined ? store.findImage(only) : undefined;
    if (found) return { facts: found };
    if (ids.length > 1) throw unknownImage(text, ref, `several image IDs begin with ${hex}: give more of it`);
  }
  throw unknownImage(text, ref);
}

function fullId(text: string): Digest | undefined {
  if (isDigest(text)) return text;
  const prefixed = `sha256:${text}`;
  return isDigest(prefixed) ? prefixed : undefined;
}

function referenceOrPrefix(text: string): Reference | undefined {
  try {
    return storedForm(parseReference(text));
  } catch (error) {
    // "sha256:abc" is no name, and may be the beginning of an ID.
    if (isWherryError(error, 'INVALID_REFERENCE') && /^sha256:[0-9a-f]+$/.test(text)) return undefined;
    throw error;
  }
}

/** The form that names in the store have: a digest wins over a tag, and neither means `latest`. */
export function storedForm(ref: Reference): Reference {
  return ref.digest ? withDigest(ref, ref.digest) : withDefaultTag(ref);
}

function unknownImage(text: string, ref?: Reference, hint?: string): WherryError {
  const shown = ref ? familiarName(ref) : text;
  return new WherryError('IMAGE_UNKNOWN', `No such image: ${shown}`, {
    hint: hint ?? 'list what is here with: wherry images',
    details: { image: text },
  });
}
