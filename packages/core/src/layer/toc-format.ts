import type { EntryType, TarEntry } from '../tar/scanner.ts';

/** What the table of contents keeps of an entry: everything but where its header starts. */
export type TocEntry = Omit<TarEntry, 'headerOffset'>;

/**
 * The file format of a layer's table of contents, version 1.
 *
 *     file    = MAGIC record* 0x00 facts trailer
 *     record  = type flags shared rest name-rest mode uid gid size mtime data
 *               [mtime-ns] [link-length link] [major minor] [xattr-count (length key length value)*]
 *     facts   = JSON of `LayerFacts`
 *     trailer = length of facts, check sum of all before it (both 32 bit little-endian), END_MAGIC
 *
 * Numbers are LEB128. `shared` is how many leading bytes a name has in common with the one before; `data` is
 * how far the payload starts behind the end of the one before. The facts stand at the end because only the end
 * of the layer tells them, and are found from there without reading the records.
 */
export const TOC_MAGIC = Uint8Array.from([0x77, 0x68, 0x74, 0x6f, 0x63, 0x0d, 0x0a, 0x01]);
export const TOC_END_MAGIC = Uint8Array.from([0x77, 0x68, 0x74, 0x6f, 0x63, 0x65, 0x6e, 0x64]);
export const TOC_TRAILER_BYTES = 16;
export const TOC_END_OF_RECORDS = 0;

export const FLAG_NEGATIVE_MTIME = 1;
export const FLAG_MTIME_NS = 2;
export const FLAG_LINK = 4;
export const FLAG_DEVICE = 8;
export const FLAG_XATTRS = 16;
export const KNOWN_FLAGS = 31;

/** The number of a type in a record is its place here; 0 ends the records. */
export const TOC_TYPES: readonly (EntryType | undefined)[] = [
  undefined,
  'file',
  'hardlink',
  'symlink',
  'char',
  'block',
  'directory',
  'fifo',
];

/** Longest name, link target, or extended attribute key or value that a record may hold. */
export const MAX_TOC_FIELD_BYTES = 16 * 1024 * 1024;
/** Most extended attributes that an entry may have. */
export const MAX_TOC_XATTRS = 10_000;
/** Longest facts. */
export const MAX_TOC_FACTS_BYTES = 64 * 1024;

/** The check sum of a table of contents: FNV-1a, 32 bit, of `bytes` after those that gave `sum`. */
export function tocChecksum(sum: number, bytes: Uint8Array, length = bytes.length): number {
  let hash = sum;
  for (let i = 0; i < length; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
  return hash >>> 0;
}

export const TOC_CHECKSUM_START = 0x811c9dc5;
