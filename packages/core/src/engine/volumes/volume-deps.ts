import type { Store } from '../store/store.ts';

/** What verbs on volumes work with. */
export interface VolumeDeps {
  readonly store: Store;
  readonly now: () => Date;
}
