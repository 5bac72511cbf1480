import { WherryError } from '../errors.ts';
import type { ImageName } from '../metadata/metadata-store.ts';
import { type Reference, withDefaultTag } from '../reference.ts';
import { resolveImage } from './resolve.ts';
import type { Store } from './store/store.ts';

/**
 * Gives an image one more name; a name that was another image's moves. Throws `IMAGE_UNKNOWN`,
 * `INVALID_ARGUMENT` for a target that cannot be a tag.
 */
export async function tag(
  deps: { readonly store: Store; readonly now: () => Date },
  request: { readonly source: string; readonly target: Reference },
): Promise<void> {
  const { metadata } = deps.store;
  const target = tagTarget(request.target);
  const { facts, name } = resolveImage(metadata, request.source);
  const named: ImageName = {
    ref: target,
    target: name?.target ?? knownTarget(metadata.namesOf(facts.id)) ?? facts.manifest,
    imageId: facts.id,
    taggedAt: deps.now(),
  };
  metadata.putName(named);
  metadata.noteUse(facts.id);
  await deps.store.publishIndex();
}

/** The name that a tag is to be, in full. Throws `INVALID_ARGUMENT` with Docker's texts for what can be none. */
export function tagTarget(ref: Reference): Reference {
  if (ref.digest !== undefined)
    throw new WherryError('INVALID_ARGUMENT', 'refusing to create a tag with a digest reference');
  const target = withDefaultTag(ref);
  if (target.path === 'library/sha256' && target.domain === 'docker.io')
    throw new WherryError(
      'INVALID_ARGUMENT',
      'refusing to create an ambiguous tag using digest algorithm as name',
    );
  return target;
}

/** An image tagged by its ID keeps the index it came in, where all its names agree on one. */
function knownTarget(names: readonly ImageName[]): ImageName['target'] | undefined {
  const [first, ...rest] = names;
  return first && rest.every((name) => name.target.digest === first.target.digest) ? first.target : undefined;
}
