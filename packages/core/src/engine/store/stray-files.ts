import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ingestDir } from '../../content/store-paths.ts';
import { isTrashName } from '../../content/trash-files.ts';
import { isErrno } from '../../errors.ts';

/** What a store's root holds, besides what is listed one level down. */
const TOP = new Set([
  'oci-layout',
  'index.json',
  'index.lock',
  'blobs',
  'tocs',
  'ingests',
  'leases',
  'snapshots',
  'containers',
  'volumes',
  'build',
  'namespace',
  // Accounts, tokens and keys of the service.
  'access',
  'tmp',
  'trash',
  'metadata.db',
  'metadata.db-wal',
  'metadata.db-shm',
  // The file system's own, where the store has one to itself.
  'lost+found',
]);

/** A temporary file of a live process is seldom older; one of a dead process may be as old as it likes. */
const TEMPORARY_MAX_AGE_MS = 24 * 3600 * 1000;

const HEX_NAME = { sha256: /^[0-9a-f]{64}$/, sha512: /^[0-9a-f]{128}$/ } as const;

/** Lists files under `root` that belong to nothing, as paths from the root. */
export async function findStrayFiles(root: string): Promise<string[]> {
  const stray = (await names(root)).filter((name) => !TOP.has(name));
  for (const kind of ['blobs', 'tocs'])
    for (const algorithm of await names(join(root, kind))) {
      const pattern = algorithm === 'sha256' || algorithm === 'sha512' ? HEX_NAME[algorithm] : undefined;
      if (!pattern) stray.push(`${kind}/${algorithm}`);
      else
        for (const name of await names(join(root, kind, algorithm)))
          if (!pattern.test(name)) stray.push(`${kind}/${algorithm}/${name}`);
    }
  for (const algorithm of await names(join(root, 'trash')))
    for (const name of await names(join(root, 'trash', algorithm)))
      if (!isTrashName(algorithm, name)) stray.push(`trash/${algorithm}/${name}`);
  stray.push(...(await tocsWithoutBlobs(root)), ...(await oldTemporaries(root)));
  return stray;
}

/** Removes one file or directory that `findStrayFiles` named. */
export async function removeStrayFile(root: string, path: string): Promise<void> {
  await rm(join(root, path), { recursive: true, force: true });
}

async function tocsWithoutBlobs(root: string): Promise<string[]> {
  const stray: string[] = [];
  for (const algorithm of ['sha256', 'sha512'] as const) {
    const blobs = new Set(await names(join(root, 'blobs', algorithm)));
    // Asked again: a pull may have brought both meanwhile.
    for (const name of await names(join(root, 'tocs', algorithm)))
      if (
        HEX_NAME[algorithm].test(name) &&
        !blobs.has(name) &&
        // A table is published before its blob: as long as the blob's write is open, or can be gone on with.
        !(await exists(ingestDir(root, `${algorithm}:${name}`))) &&
        !(await exists(join(root, 'blobs', algorithm, name)))
      )
        stray.push(`tocs/${algorithm}/${name}`);
  }
  return stray;
}

async function oldTemporaries(root: string): Promise<string[]> {
  const stray: string[] = [];
  for (const name of await names(join(root, 'tmp'))) {
    const found = await statIfThere(join(root, 'tmp', name));
    if (found && Date.now() - found.mtimeMs > TEMPORARY_MAX_AGE_MS) stray.push(`tmp/${name}`);
  }
  return stray;
}

async function exists(path: string): Promise<boolean> {
  return (await statIfThere(path)) !== undefined;
}

async function statIfThere(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

async function names(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}
