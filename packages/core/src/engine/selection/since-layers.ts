import { stat } from 'node:fs/promises';
import type { Digest } from '../../digest.ts';
import { isErrno, isWherryError, WherryError } from '../../errors.ts';
import { readArchiveDiffIDs } from '../../image/archive-diff-ids.ts';
import { invalidArchive } from '../../image/archive-members.ts';
import type { ImageFacts } from '../../metadata/metadata-store.ts';
import { openArchive } from '../archives/archive-source.ts';
import type { Store } from '../store/store.ts';
import { imagesMeant } from './images-meant.ts';

/** What begins so is a path, never an image. */
const PATH = /^(?:[./]|[a-z]:[\\/])/i;

/**
 * The layers, by diffID, of images and archives that somebody has already. A text is a path when it begins with
 * `.`, `/` or a drive; else an image that is here; else a path, if there is such a file or directory. Throws
 * `IMAGE_UNKNOWN`, `FILE_NOT_FOUND`, `INVALID_ARCHIVE`.
 */
export async function sinceLayers(
  store: Store,
  texts: readonly string[],
  signal?: AbortSignal,
): Promise<Set<Digest>> {
  const found = new Set<Digest>();
  for (const text of texts) for (const diffID of await layersOf(store, text, signal)) found.add(diffID);
  return found;
}

async function layersOf(store: Store, text: string, signal?: AbortSignal): Promise<Iterable<Digest>> {
  if (PATH.test(text)) return archiveLayers(text, signal);
  try {
    return imageLayers(store, text);
  } catch (error) {
    if (!isWherryError(error, 'IMAGE_UNKNOWN', 'INVALID_REFERENCE')) throw error;
    if (await exists(text)) return archiveLayers(text, signal);
    throw new WherryError(error.code, error.message, {
      hint: `list what is here with: wherry images; a file is meant by: ./${text}`,
      details: error.details,
      cause: error,
    });
  }
}

async function archiveLayers(path: string, signal?: AbortSignal): Promise<Iterable<Digest>> {
  try {
    return await readArchiveDiffIDs(await openArchive(path), signal);
  } catch (error) {
    if (!isWherryError(error) || error.code === 'FILE_NOT_FOUND' || error.kind === 'cancelled') throw error;
    throw invalidArchive(`${path}: ${error.message}`, error.hint, error);
  }
}

/** Who has an image has the other platforms of its index that are here, too: they leave with it. */
function imageLayers({ metadata }: Store, text: string): Digest[] {
  const images: ImageFacts[] = [];
  for (const { facts, name } of imagesMeant(metadata, text)) {
    const content = metadata.descendants(name ? [name.target.digest] : []);
    images.push(facts, ...metadata.listImages().filter(({ manifest }) => content.has(manifest.digest)));
  }
  return images.flatMap(({ layers }) => layers.map(({ diffID }) => diffID));
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG')) return false;
    throw error;
  }
}
