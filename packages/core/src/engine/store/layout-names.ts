import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LayoutEntry } from '../../content/oci-layout.ts';
import { isErrno } from '../../errors.ts';
import { parseIndex } from '../../oci/index-document.ts';
import { INDEX_FILE, namesOfEntry } from '../../oci/layout.ts';

/** The names that `index.json` under `root` gives; none when there is no such file. Throws `INVALID_DOCUMENT`. */
export async function readLayoutNames(root: string): Promise<LayoutEntry[]> {
  const bytes = await readIfThere(join(root, INDEX_FILE));
  if (!bytes) return [];
  return parseIndex(bytes).manifests.flatMap((entry) => {
    const { full, refName = full } = namesOfEntry(entry);
    if (full === undefined || refName === undefined) return [];
    const target = { mediaType: entry.mediaType, digest: entry.digest, size: entry.size };
    return [{ target, familiarName: refName, fullName: full }];
  });
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
