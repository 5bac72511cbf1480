// Records of a PAX extended header: "<length> <key>=<value>\n" (POSIX.1-2017 pax "pax Extended Header").
// Keys are compared as little-endian words.
import { INVALID } from './tar-header';

export const PATH: i32 = 0;
export const LINKPATH: i32 = 1;
export const UNAME: i32 = 2;
export const GNAME: i32 = 3;
export const UID: i32 = 4;
export const GID: i32 = 5;
export const SIZE: i32 = 6;
export const MTIME: i32 = 7;
export const ATIME: i32 = 8;
export const CTIME: i32 = 9;
const OTHER: i32 = -1;
const XATTR: i32 = -2;
const SPARSE: i32 = -3;
const SPARSE_NAME: i32 = -4;

const XATTR_PREFIX_BYTES: usize = 13;
const SPARSE_PREFIX_BYTES: usize = 11;
const FIELDS_BYTES: usize = 80;
const MAX_SAFE: i64 = (1 << 53) - 1;

/** Address and size of the last value of each known key; size 0 where there is none. */
const FIELDS = memory.data(80, 8);
/** What `collect` met besides the known keys. */
export let isSparse: bool = false;
export let sparseNameAt: usize = 0;
export let sparseNameSize: usize = 0;
/** Bytes that `copyXattrs` will write. */
export let xattrBytes: usize = 0;

let keyAt: usize = 0;
let keySize: usize = 0;
let valueAt: usize = 0;
let valueSize: usize = 0;

/** Tells whether the body is nothing but records, none of them with a NUL where Go refuses it. */
export function validate(body: usize, size: usize): bool {
  const end = body + size;
  while (body < end) {
    body = readRecord(body, end);
    if (body == 0) return false;
    const known = keyOf();
    if (known >= PATH && known <= GNAME) {
      if (hasByte(valueAt, valueSize, 0)) return false;
    } else if (hasByte(keyAt, keySize, 0)) return false;
  }
  return true;
}

/** Finds the values in a validated body; a later record replaces an earlier one. */
export function collect(body: usize, size: usize): void {
  memory.fill(FIELDS, 0, FIELDS_BYTES);
  isSparse = false;
  sparseNameSize = 0;
  xattrBytes = 0;
  const end = body + size;
  while (body < end) {
    body = readRecord(body, end);
    const known = keyOf();
    if (known >= 0) {
      store<u32>(FIELDS + ((<usize>known) << 3), valueAt, 0);
      store<u32>(FIELDS + ((<usize>known) << 3), valueSize, 4);
    } else if (known == XATTR) {
      xattrBytes += 8 + keySize - XATTR_PREFIX_BYTES + valueSize;
    } else if (known == SPARSE || known == SPARSE_NAME) {
      isSparse = true;
      if (known == SPARSE_NAME) {
        sparseNameAt = valueAt;
        sparseNameSize = valueSize;
      }
    }
  }
}

/** Copies the extended attributes of a validated body, each as u32 name size, u32 value size, name, value. */
export function copyXattrs(body: usize, size: usize, to: usize): void {
  const end = body + size;
  while (body < end) {
    body = readRecord(body, end);
    if (keyOf() != XATTR) continue;
    const nameSize = keySize - XATTR_PREFIX_BYTES;
    store<u32>(to, nameSize, 0);
    store<u32>(to, valueSize, 4);
    memory.copy(to + 8, keyAt + XATTR_PREFIX_BYTES, nameSize);
    memory.copy(to + 8 + nameSize, valueAt, valueSize);
    to += 8 + nameSize + valueSize;
  }
}

export function fieldAt(known: i32): usize {
  return load<u32>(FIELDS + ((<usize>known) << 3), 0);
}

/** 0 for an absent or an empty value: both leave the header's. */
export function fieldSize(known: i32): usize {
  return load<u32>(FIELDS + ((<usize>known) << 3), 4);
}

/** The number under a key, `otherwise` where there is none, `INVALID` where it is no number. */
export function number(known: i32, otherwise: i64): i64 {
  const size = fieldSize(known);
  return size == 0 ? otherwise : decimal(fieldAt(known), size);
}

/** Nanoseconds that the last `seconds` counted forward from its answer. */
export let nanoseconds: u32 = 0;

/** A time under a key: whole seconds, rounded down; see `number`. */
export function seconds(known: i32, otherwise: i64): i64 {
  nanoseconds = 0;
  const size = fieldSize(known);
  if (size == 0) return otherwise;
  const at = fieldAt(known);
  let whole: usize = 0;
  while (whole < size && load<u8>(at + whole) != 0x2e) whole++;
  const value = decimal(at, whole);
  if (value == INVALID) return INVALID;
  let fraction: u32 = 0;
  let scale: u32 = 100000000;
  for (let i = whole + 1; i < size; i++) {
    const digit = <u32>load<u8>(at + i) - 0x30;
    if (digit > 9) return INVALID;
    fraction += digit * scale;
    scale /= 10;
  }
  if (fraction == 0) return value;
  const isNegative = load<u8>(at) == 0x2d;
  nanoseconds = isNegative ? 1000000000 - fraction : fraction;
  return isNegative ? value - 1 : value;
}

/** Reads the record at `at` into the cursor; the address behind it, 0 if it is none. */
function readRecord(at: usize, end: usize): usize {
  let space = at;
  while (space < end && load<u8>(space) != 0x20) space++;
  if (space == end) return 0;
  const size = decimal(at, space - at);
  if (size < 5 || size > <i64>(end - at)) return 0;
  const next = at + <usize>size;
  if (next <= space + 1 || load<u8>(next - 1) != 0x0a) return 0;
  keyAt = space + 1;
  let equals = keyAt;
  while (equals < next - 1 && load<u8>(equals) != 0x3d) equals++;
  if (equals == next - 1 || equals == keyAt) return 0;
  keySize = equals - keyAt;
  valueAt = equals + 1;
  valueSize = next - 1 - valueAt;
  return next;
}

/** Decimal digits with an optional sign; `INVALID` for anything else and beyond 2^53. */
function decimal(at: usize, size: usize): i64 {
  const end = at + size;
  const sign = size > 0 ? load<u8>(at) : <u8>0;
  if (sign == 0x2d || sign == 0x2b) at++;
  if (at == end) return INVALID;
  let value: i64 = 0;
  for (; at < end; at++) {
    const digit = <i64>load<u8>(at) - 0x30;
    if (<u64>digit > 9) return INVALID;
    value = value * 10 + digit;
    if (value > MAX_SAFE) return INVALID;
  }
  return sign == 0x2d ? -value : value;
}

function keyOf(): i32 {
  const head = load<u32>(keyAt);
  if (keySize == 3) {
    if (head << 8 == 0x64697500) return UID;
    return head << 8 == 0x64696700 ? GID : OTHER;
  }
  if (keySize == 4) {
    if (head == 0x68746170) return PATH;
    return head == 0x657a6973 ? SIZE : OTHER;
  }
  if (keySize == 5) return fiveLetters(load<u8>(keyAt), load<u32>(keyAt, 1));
  const long = load<u64>(keyAt);
  if (keySize == 8 && long == 0x687461706b6e696c) return LINKPATH;
  if (
    long == 0x782e594c49484353 &&
    keySize > XATTR_PREFIX_BYTES &&
    load<u64>(keyAt, 5) == 0x2e72747461782e59
  ) {
    return XATTR;
  }
  if (long == 0x726170732e554e47 && keySize > SPARSE_PREFIX_BYTES && load<u32>(keyAt, 7) == 0x2e657372) {
    return keySize == 15 && load<u32>(keyAt, 11) == 0x656d616e ? SPARSE_NAME : SPARSE;
  }
  return OTHER;
}

function fiveLetters(head: u8, rest: u32): i32 {
  if (rest == 0x656d616e) return head == 0x75 ? UNAME : head == 0x67 ? GNAME : OTHER;
  if (rest != 0x656d6974) return OTHER;
  return head == 0x6d ? MTIME : head == 0x61 ? ATIME : head == 0x63 ? CTIME : OTHER;
}

function hasByte(at: usize, size: usize, byte: u8): bool {
  for (let i: usize = 0; i < size; i++) if (load<u8>(at + i) == byte) return true;
  return false;
}
