import { type Digest, shortId } from '../../digest.ts';
import { WherryError } from '../../errors.ts';

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

/** What by its name is no longer to be found stays useful to nobody but its container. */
export function nameIsUsed(image: Digest, text: string, container: string): WherryError {
  return new WherryError(
    'CONFLICT',
    `conflict: unable to remove repository reference "${text}" (must force) - container ${shortContainer(container)} is using its referenced image ${shortId(image)}`,
    removalHint(container),
  );
}

export function imageIsRunning(image: Digest, container: string): WherryError {
  const reason = `image is being used by running container ${shortContainer(container)}`;
  return conflict(image, `(cannot be forced) - ${reason}`, {
    hint: `stop the container first with: wherry stop ${shortContainer(container)}`,
  });
}

export function imageIsUsed(image: Digest, container: string): WherryError {
  const reason = `image is being used by stopped container ${shortContainer(container)}`;
  return conflict(image, `(must be forced) - ${reason}`, removalHint(container));
}

function removalHint(container: string) {
  return { hint: `remove the container first with: wherry rm ${shortContainer(container)}` };
}

function shortContainer(id: string): string {
  return id.slice(0, 12);
}

function conflict(image: Digest, reason: string, options: { readonly hint?: string } = {}): WherryError {
  return new WherryError('CONFLICT', `conflict: unable to delete ${shortId(image)} ${reason}`, options);
}
