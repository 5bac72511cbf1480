import type { LayoutEntry } from '../../content/oci-layout.ts';
import { isWherryError } from '../../errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { formatReference, parseReference } from '../../reference.ts';
import { type AdoptDeps, adoptTarget } from '../layers/adopt.ts';

export interface ReindexDeps extends AdoptDeps {
  readonly now: () => Date;
}

/** A name that the layout has. */
export interface IndexedName {
  readonly name: string;
  /** Whether the metadata has it now. */
  readonly isRestored: boolean;
}

/**
 * Gives metadata back the names that it lost and the layout has. With `dryRun` nothing is changed. Entries
 * without their document are left out; those whose other content is bad are not restored.
 */
export async function reindex(
  deps: ReindexDeps,
  entries: readonly LayoutEntry[],
  options: { readonly dryRun: boolean; readonly signal?: AbortSignal },
): Promise<IndexedName[]> {
  const { store } = deps;
  const found: IndexedName[] = [];
  const known = new Set(store.metadata.listNames().map(({ ref }) => formatReference(ref)));
  for (const { fullName: name, target } of entries) {
    if (known.has(name) || !(await store.blobs.stat(target.digest))) continue;
    const isRestored = !options.dryRun && (await restore(deps, name, target, options.signal));
    found.push({ name, isRestored });
  }
  return found;
}

async function restore(
  deps: ReindexDeps,
  name: string,
  target: Descriptor,
  signal?: AbortSignal,
): Promise<boolean> {
  const { metadata } = deps.store;
  try {
    const { images, documents } = await adoptTarget(deps, target, signal ? { signal } : {});
    const [chosen, ...others] = images;
    if (!chosen) return false;
    for (const facts of others) metadata.putImage(facts, [], []);
    const named = { ref: parseReference(name), target, imageId: chosen.id, taggedAt: deps.now() };
    metadata.putImage(chosen, documents, [named]);
    return true;
  } catch (error) {
    // A layer that is gone or bad: the blob's own fault is told, and the next pull brings the image.
    if (!isWherryError(error) || error.kind === 'cancelled') throw error;
    return false;
  }
}
