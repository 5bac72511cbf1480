import { type Digest, shortId } from '../digest.ts';
import { WherryError } from '../errors.ts';

// Why an image does not go, in Docker's words.

/** `text` is what the user can call the image. */
export function imageIsPinned(image: Digest, text: string): WherryError {
  return conflict(image, '(must be forced) - image is pinned', {
    hint: `take the pin off with: wherry unpin ${text}`,
  });
}

export function severalRepositories(image: Digest, hint: string): WherryError {
  return conflict(image, '(must be forced) - image is referenced in multiple repositories', { hint });
}

export function hasChildImages(image: Digest): WherryError {
  return conflict(image, '(cannot be forced) - image has dependent child images');
}

function conflict(image: Digest, reason: string, options: { readonly hint?: string } = {}): WherryError {
  return new WherryError('CONFLICT', `conflict: unable to delete ${shortId(image)} ${reason}`, options);
}
