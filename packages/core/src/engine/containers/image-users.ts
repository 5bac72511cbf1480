import type { Digest } from '../../digest.ts';
import type { StoredContainer } from '../../metadata/metadata-store.ts';
import { readContainerFacts } from '../../runtime/container-facts.ts';
import { deriveState } from '../../runtime/container-state.ts';
import type { Store } from '../store/store.ts';
import { containerPlaces } from './container-places.ts';
import { recordOf } from './container-records.ts';

/** A container that keeps its image from being removed. */
export interface ImageUser {
  readonly container: string;
  /** Or is paused. */
  readonly isRunning: boolean;
}

/** The newest container that runs from an image, as things are now; if none does, the newest that was made from it. */
export function userOfImage(store: Store, image: Digest): ImageUser | undefined {
  const containers = store.metadata.listContainers().filter(({ imageId }) => imageId === image);
  const running = containers.find((container) => isRunning(store, container));
  const user = running ?? containers[0];
  return user && { container: user.id, isRunning: running !== undefined };
}

function isRunning(store: Store, container: StoredContainer): boolean {
  const { paths } = containerPlaces(store.root, container.id);
  const { status } = deriveState(recordOf(container).state, readContainerFacts(paths));
  return status === 'running' || status === 'paused';
}
