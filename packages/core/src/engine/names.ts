import type { Reference } from '../reference.ts';
import type { Store } from './store/store.ts';

/** Lists the names in the store, tags and repositories at digests, in the order of their full forms. */
export async function names({ store }: { readonly store: Store }): Promise<Reference[]> {
  return store.metadata.listBareNames().map(({ ref }) => ref);
}
