// Fixed windows in linear memory, behind the module's static data. The hasher touches the input and
// output windows only; the tables of the tar scanner are reserved by its first `reserve()`.

/** What the host writes: bytes to hash, to scan, or a saved state. */
export const INPUT_BYTES: usize = 65536;
/** What the module answers: a digest, a saved state. */
export const OUTPUT_BYTES: usize = 128;
/** A PAX body, a GNU long name or link: Go's archive/tar has the same limit. */
export const EXTENSION_BYTES: usize = 1 << 20;
/** One entry; `tar-scan.ts` has the layout. */
export const RECORD_BYTES: usize = 104;
export const RECORD_SLOTS: usize = 1024;
/** Holds the strings of at least one entry, whatever its size: three extensions and a header block. */
export const POOL_BYTES: usize = 4 * EXTENSION_BYTES;
export const BLOCK_BYTES: usize = 512;

export const INPUT: usize = (__heap_base + 63) & ~63;
export const OUTPUT: usize = INPUT + INPUT_BYTES;
const HASHER_END: usize = OUTPUT + OUTPUT_BYTES;

/** A header block that came in pieces. */
export const BLOCK: usize = HASHER_END;
export const PAX: usize = BLOCK + BLOCK_BYTES;
export const LONG_NAME: usize = PAX + EXTENSION_BYTES;
export const LONG_LINK: usize = LONG_NAME + EXTENSION_BYTES;
export const RECORDS: usize = LONG_LINK + EXTENSION_BYTES;
export const POOL: usize = RECORDS + RECORD_BYTES * RECORD_SLOTS;
const SCANNER_END: usize = POOL + POOL_BYTES;

/** Makes memory at least `end` bytes long; false when the engine has no more. Detaches the host's views. */
function reserve(end: usize): bool {
  const pages = <i32>((end + 0xffff) >>> 16) - memory.size();
  return pages <= 0 || memory.grow(pages) >= 0;
}

export function reserveHasher(): bool {
  return reserve(HASHER_END);
}

export function reserveScanner(): bool {
  return reserve(SCANNER_END);
}
