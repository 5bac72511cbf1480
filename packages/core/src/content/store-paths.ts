import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Digest } from '../digest.ts';
import { digestAlgorithm, digestHex, parseDigest } from '../digest.ts';
import { WherryError } from '../errors.ts';

/** Users other than the owner see nothing of a store: images may hold secrets. */
export const STORE_DIR_MODE = 0o700;

/** Digest algorithms, which name the directories under `blobs/` and `tocs/`. */
export const ALGORITHMS = ['sha256', 'sha512'] as const;

/** What common file systems take. */
const MAX_NAME_LENGTH = 255;

export function blobPath(root: string, digest: Digest): string {
  return contentPath(root, 'blobs', digest);
}

/** Path of a blob from the store's directory, in any store: as an OCI image layout has it. */
export function layoutBlobPath(digest: Digest): string {
  parseDigest(digest);
  return `blobs/${digestAlgorithm(digest)}/${digestHex(digest)}`;
}

/** Where the table of contents of the layer blob `digest` lies. */
export function tocPath(root: string, digest: Digest): string {
  return contentPath(root, 'tocs', digest);
}

/** Directory of the write that is open, or was broken off, under `key`. Throws `INVALID_ARGUMENT`. */
export function ingestDir(root: string, key: string): string {
  return join(root, 'ingests', encodeKey(key));
}

/** A name that is free, on the store's file system, so that a rename can publish the file. */
export function temporaryPath(root: string): string {
  return join(root, 'tmp', randomUUID());
}

/** The key whose directory is called `name`; `undefined` when no key is. */
export function decodeKey(name: string): string | undefined {
  const bytes = name.replace(/%([0-9a-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  const key = Buffer.from(bytes, 'latin1').toString('utf8');
  return spellKey(key) === name ? key : undefined;
}

function encodeKey(key: string): string {
  const name = spellKey(key);
  if (!key.isWellFormed() || name.length === 0 || name.length > MAX_NAME_LENGTH)
    throw new WherryError(
      'INVALID_ARGUMENT',
      `ingest key: length ${name.length}, want 1 to ${MAX_NAME_LENGTH}`,
    );
  return name;
}

/**
 * Spells any key as one file name. Capital letters are escaped as well, because some file systems take them
 * for the small ones, and dots, which are special at both ends of a name.
 */
function spellKey(key: string): string {
  return Buffer.from(key, 'utf8')
    .toString('latin1')
    .replace(/[^a-z0-9_-]/g, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

function contentPath(root: string, kind: 'blobs' | 'tocs', digest: Digest): string {
  // A digest that comes by cast must not lead out of the root.
  parseDigest(digest);
  return join(root, kind, digestAlgorithm(digest), digestHex(digest));
}
