import { statSync } from 'node:fs';
import type { Digest } from '../../digest.ts';
import type { Store } from './store.ts';

/**
 * Tells of the images in the store when each was last used: pulled (also when it was up to date), pushed, saved,
 * loaded, imported, tagged, squashed or converted. Of what was not used since that is noted, it is when the image
 * was last tagged here, or came into the store.
 */
export function lastUses(store: Store): (image: Digest) => Date {
  const noted = store.metadata.lastUses();
  return (image) => noted.get(image) ?? arrival(store, image);
}

function arrival({ metadata, blobs }: Store, image: Digest): Date {
  const tagged = metadata.namesOf(image).map(({ taggedAt }) => taggedAt.getTime());
  const stored = statSync(blobs.pathOf(image), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return new Date(Math.max(stored, ...tagged));
}
