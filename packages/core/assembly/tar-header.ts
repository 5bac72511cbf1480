// Fields of a 512-byte header block: V7, ustar, GNU and star (POSIX.1-2017 pax "ustar Interchange Format").
import { BLOCK_BYTES } from './memory';

export const NAME_BYTES: usize = 100;
export const MODE: usize = 100;
export const UID: usize = 108;
export const GID: usize = 116;
export const SIZE: usize = 124;
export const MTIME: usize = 136;
const CHECKSUM: usize = 148;
export const TYPE: usize = 156;
export const LINK: usize = 157;
const MAGIC: usize = 257;
export const DEV_MAJOR: usize = 329;
export const DEV_MINOR: usize = 337;
export const PREFIX: usize = 345;
const GNU_ATIME: usize = 345;
const GNU_CTIME: usize = 357;
const STAR_ATIME: usize = 476;
const STAR_CTIME: usize = 488;
const STAR_TRAILER: usize = 508;

export const V7: i32 = 0;
export const USTAR: i32 = 1;
export const GNU: i32 = 2;
export const STAR: i32 = 3;

/** What a field that holds no number reads as. The host counts in float64: beyond 2^53 is none either. */
export const INVALID: i64 = i64.MIN_VALUE;
const MAX_SAFE: u64 = (1 << 53) - 1;

export function isZero(block: usize): bool {
  for (let i: usize = 0; i < BLOCK_BYTES; i += 16) {
    if (v128.any_true(v128.load(block + i))) return false;
  }
  return true;
}

/** Tells whether the checksum is the sum of the block's bytes, unsigned (POSIX) or signed (old Sun). */
export function checksumFits(block: usize): bool {
  const wanted = octal(block + CHECKSUM, 8);
  if (wanted == INVALID) return false;
  let unsigned: i64 = 0;
  let high: i64 = 0;
  for (let i: usize = 0; i < BLOCK_BYTES; i++) {
    const byte = <i64>load<u8>(block + i);
    unsigned += byte;
    high += byte >> 7;
  }
  // The field itself counts as blanks.
  for (let i: usize = CHECKSUM; i < CHECKSUM + 8; i++) {
    const byte = <i64>load<u8>(block + i);
    unsigned += 0x20 - byte;
    high -= byte >> 7;
  }
  return wanted == unsigned || wanted == unsigned - 256 * high;
}

export function format(block: usize): i32 {
  // 'ustar' and the three bytes after it, little-endian.
  const magic = load<u64>(block + MAGIC);
  if (magic == 0x0020207261747375) return GNU;
  if ((magic & 0x0000ffffffffffff) != 0x0000007261747375) return V7;
  return load<u32>(block + STAR_TRAILER) == 0x00726174 ? STAR : USTAR;
}

/** Bytes before the first NUL. */
export function stringLength(at: usize, size: usize): usize {
  for (let i: usize = 0; i < size; i++) if (load<u8>(at + i) == 0) return i;
  return size;
}

/** Octal or GNU base-256 (two's complement, big-endian, top bit set); `INVALID` for anything else. */
export function numeric(at: usize, size: usize): i64 {
  const head = load<u8>(at);
  if ((head & 0x80) == 0) return octal(at, size);
  const flip: u8 = (head & 0x40) != 0 ? 0xff : 0;
  let value: u64 = (head ^ flip) & 0x7f;
  for (let i: usize = 1; i < size; i++) {
    if (value >>> 48 != 0) return INVALID;
    value = (value << 8) | (load<u8>(at + i) ^ flip);
  }
  if (value > MAX_SAFE) return INVALID;
  return flip != 0 ? ~(<i64>value) : <i64>value;
}

/** Octal digits among blanks and NULs; an empty field is 0. */
function octal(at: usize, size: usize): i64 {
  let from = at;
  let to = at + size;
  while (from < to && isBlank(load<u8>(from))) from++;
  while (from < to && isBlank(load<u8>(to - 1))) to--;
  let value: i64 = 0;
  for (; from < to; from++) {
    const byte = load<u8>(from);
    if (byte == 0) break;
    if ((byte & 0xf8) != 0x30) return INVALID;
    value = (value << 3) | (byte & 7);
  }
  return value;
}

// @ts-ignore: decorator
@inline
function isBlank(byte: u8): bool {
  return byte == 0x20 || byte == 0;
}

/** Tells whether the numbers are numbers that only some formats have, and nobody here reads. */
export function extraNumbersFit(block: usize, kind: i32): bool {
  if (kind != STAR) return true;
  return numeric(block + STAR_ATIME, 12) != INVALID && numeric(block + STAR_CTIME, 12) != INVALID;
}

/** Bytes of the name's prefix, at `PREFIX`. */
export function prefixLength(block: usize, kind: i32): usize {
  if (kind == USTAR) return stringLength(block + PREFIX, 155);
  if (kind == STAR) return stringLength(block + PREFIX, 131);
  return kind == GNU ? mangledPrefixLength(block) : 0;
}

/** Go before 1.8 wrote a prefix where GNU has times: it is one if the times are none and it is ASCII. */
function mangledPrefixLength(block: usize): usize {
  if (timeFits(block + GNU_ATIME) && timeFits(block + GNU_CTIME)) return 0;
  const size = stringLength(block + PREFIX, 155);
  for (let i: usize = 0; i < size; i++) if (load<u8>(block + PREFIX + i) >= 0x80) return 0;
  return size;
}

function timeFits(at: usize): bool {
  return load<u8>(at) == 0 || numeric(at, 12) != INVALID;
}
