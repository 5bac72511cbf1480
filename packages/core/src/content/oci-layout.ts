import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isErrno } from '../errors.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { writeFileAtomically } from './durable-file.ts';
import { acquireFileLock } from './file-lock.ts';
import { withStorageErrors } from './storage-error.ts';
import { STORE_DIR_MODE } from './store-paths.ts';

/** One name in a layout's `index.json`. */
export interface LayoutEntry {
  readonly target: Descriptor;
  /** What the user types, such as `ubuntu:18.04`: a tool finds the image in the directory under it. */
  readonly familiarName: string;
  /** Domain included, such as `docker.io/library/ubuntu:18.04`. */
  readonly fullName: string;
}

const LAYOUT = '{"imageLayoutVersion":"1.0.0"}\n';
const INDEX_MEDIA_TYPE = 'application/vnd.oci.image.index.v1+json';

/** The text of `index.json` for these names. OCI image-spec v1.1, image-layout.md "index.json file". */
export function formatLayoutIndex(entries: readonly LayoutEntry[]): string {
  const manifests = entries.map(({ target, familiarName, fullName }) => ({
    mediaType: target.mediaType,
    digest: target.digest,
    size: target.size,
    annotations: {
      ...target.annotations,
      'org.opencontainers.image.ref.name': familiarName,
      'io.containerd.image.name': fullName,
    },
  }));
  return `${JSON.stringify({ schemaVersion: 2, mediaType: INDEX_MEDIA_TYPE, manifests }, undefined, 2)}\n`;
}

/**
 * Makes `root` an OCI image layout that any tool can read: writes `oci-layout` if it is missing, and
 * `index.json` if it says something else than `listEntries()`. That is called when no other process writes
 * the index, so that the last one to write has seen every name. Tells whether the index changed.
 */
export async function writeLayout(
  root: string,
  listEntries: () => readonly LayoutEntry[],
  signal?: AbortSignal,
): Promise<boolean> {
  return withStorageErrors(`write index of ${root}`, async () => {
    for (const directory of ['tmp', 'blobs/sha256'])
      await mkdir(join(root, directory), { recursive: true, mode: STORE_DIR_MODE });
    await using _lock = await acquireFileLock(join(root, 'index.lock'), { signal });
    await writeIfChanged(root, 'oci-layout', LAYOUT);
    // Awaited here: returned as it is, the lock would be gone before the file is written.
    return await writeIfChanged(root, 'index.json', formatLayoutIndex(listEntries()));
  });
}

/** Tells whether `index.json` says what `entries` do. */
export async function isLayoutCurrent(root: string, entries: readonly LayoutEntry[]): Promise<boolean> {
  return (
    (await readText(join(root, 'oci-layout'))) === LAYOUT &&
    (await readText(join(root, 'index.json'))) === formatLayoutIndex(entries)
  );
}

async function writeIfChanged(root: string, name: string, text: string): Promise<boolean> {
  if ((await readText(join(root, name))) === text) return false;
  // Under the lock the name is ours alone: what a killed process left there is written over.
  await writeFileAtomically(join(root, 'tmp', name), join(root, name), text);
  return true;
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}
