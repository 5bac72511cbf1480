import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno, isWherryError } from '../errors.ts';
import { parseIndex } from '../oci/index-document.ts';
import { INDEX_FILE, namesOfEntry } from '../oci/layout.ts';
import { parseReference } from '../reference.ts';
import { type AdoptDeps, adoptTarget } from './adopt.ts';

/**
 * Reads the names of the layout's `index.json` into metadata that lost them. Returns the names; with
 * `dryRun` nothing is changed. Entries whose content is not whole are left out.
 */
export async function reindex(
  deps: AdoptDeps & { readonly now: () => Date },
  options: { readonly dryRun: boolean; readonly signal?: AbortSignal },
): Promise<string[]> {
  const { store } = deps;
  const found: string[] = [];
  for (const entry of parseIndex(await readIndex(store.root)).manifests) {
    const { full } = namesOfEntry(entry);
    if (full === undefined || !(await store.blobs.stat(entry.digest))) continue;
    found.push(full);
    if (options.dryRun) continue;
    const target = { mediaType: entry.mediaType, digest: entry.digest, size: entry.size };
    try {
      const { images, documents } = await adoptTarget(deps, target, options.signal);
      const [chosen, ...others] = images;
      for (const facts of others) store.metadata.putImage(facts, [], []);
      const names = chosen
        ? [{ ref: parseReference(full), target, imageId: chosen.id, taggedAt: deps.now() }]
        : [];
      if (chosen) store.metadata.putImage(chosen, documents, names);
    } catch (error) {
      // A layer that is gone or bad: the blob's own fault is told, and the next pull brings the image.
      if (!isWherryError(error) || error.kind === 'cancelled') throw error;
    }
  }
  return found;
}

async function readIndex(root: string): Promise<Uint8Array> {
  try {
    return await readFile(join(root, INDEX_FILE));
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return new TextEncoder().encode('{"manifests":[]}');
    throw error;
  }
}
