/** Headers and payloads fill whole blocks. */
export const BLOCK_BYTES = 512;

const NAME = { at: 0, size: 100 };
const MODE = { at: 100, size: 8 };
const UID = { at: 108, size: 8 };
const GID = { at: 116, size: 8 };
const SIZE = { at: 124, size: 12 };
const MTIME = { at: 136, size: 12 };
const CHECKSUM = { at: 148, size: 8 };
const CHECKSUM_DIGITS = { at: CHECKSUM.at, size: CHECKSUM.size - 1 };
const TYPE_AT = 156;
const LINK = { at: 157, size: 100 };
const MAGIC_AT = 257;
const DEV_MAJOR = { at: 329, size: 8 };
const DEV_MINOR = { at: 337, size: 8 };
const PREFIX = { at: 345, size: 155 };
const STAR_PREFIX = { at: 345, size: 131 };
const GNU_ATIME = { at: 345, size: 12 };
const GNU_CTIME = { at: 357, size: 12 };
const STAR_ATIME = { at: 476, size: 12 };
const STAR_CTIME = { at: 488, size: 12 };
const STAR_TRAILER_AT = 508;

const USTAR_MAGIC = latin1('ustar\0');
const GNU_MAGIC = latin1('ustar  \0');
const STAR_TRAILER = latin1('tar\0');
const USTAR_VERSION = latin1('ustar\x0000');

const NO_PREFIX = new Uint8Array(0);
const SLASH = 0x2f;
const BLANK = 0x20;

interface Field {
  readonly at: number;
  readonly size: number;
}

type Format = 'v7' | 'ustar' | 'gnu' | 'star';

/** The fields of one header block, as they stand. POSIX.1-2017 pax "ustar Interchange Format". */
export interface TarHeader {
  /** With the prefix of ustar and star. */
  readonly name: Uint8Array;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  /** Seconds since the epoch. */
  readonly mtime: number;
  readonly typeFlag: number;
  readonly link: Uint8Array;
  readonly devMajor: number;
  readonly devMinor: number;
}

export function isZeroBlock(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

/**
 * Reads a header block: V7, ustar, GNU (base-256 numbers) or star. Returns `undefined` when it is none:
 * its checksum, signed or unsigned, or a number is wrong. Numbers beyond 2^53 count as wrong.
 */
export function parseHeader(block: Uint8Array): TarHeader | undefined {
  if (!checksumFits(block)) return undefined;
  const format = formatOf(block);
  const mode = parseNumeric(block, MODE);
  const uid = parseNumeric(block, UID);
  const gid = parseNumeric(block, GID);
  const size = parseNumeric(block, SIZE);
  const mtime = parseNumeric(block, MTIME);
  const devMajor = format === 'v7' ? 0 : parseNumeric(block, DEV_MAJOR);
  const devMinor = format === 'v7' ? 0 : parseNumeric(block, DEV_MINOR);
  if (mode === undefined || uid === undefined || gid === undefined || size === undefined) return undefined;
  if (mtime === undefined || devMajor === undefined || devMinor === undefined) return undefined;
  if (format === 'star' && !(isNumeric(block, STAR_ATIME) && isNumeric(block, STAR_CTIME))) return undefined;
  return {
    name: fullName(block, format),
    mode,
    uid,
    gid,
    size,
    mtime,
    typeFlag: byteAt(block, TYPE_AT),
    link: copyOf(parseString(block, LINK)),
    devMajor,
    devMinor,
  };
}

/** What `encodeHeader` takes: plain ustar, whatever does not fit goes into PAX records. */
export interface UstarFields extends Omit<TarHeader, 'name'> {
  /** At most 100 bytes. */
  readonly name: Uint8Array;
  /** At most 155 bytes; joined to `name` with a slash. */
  readonly prefix: Uint8Array;
}

/**
 * Makes a ustar header block, owner names empty, in `block`, which holds zeros. The caller has seen to it that every
 * field fits.
 */
export function encodeHeader(fields: UstarFields, block = new Uint8Array(BLOCK_BYTES)): Uint8Array {
  // Summed up on the way: most of a block are zeros. Its own field counts as blanks.
  const sum =
    CHECKSUM.size * BLANK +
    putBytes(block, NAME.at, fields.name) +
    putOctal(block, MODE, fields.mode) +
    putOctal(block, UID, fields.uid) +
    putOctal(block, GID, fields.gid) +
    putOctal(block, SIZE, fields.size) +
    putOctal(block, MTIME, fields.mtime) +
    putBytes(block, LINK.at, fields.link) +
    putBytes(block, MAGIC_AT, USTAR_VERSION) +
    putOctal(block, DEV_MAJOR, fields.devMajor) +
    putOctal(block, DEV_MINOR, fields.devMinor) +
    putBytes(block, PREFIX.at, fields.prefix) +
    fields.typeFlag;
  block[TYPE_AT] = fields.typeFlag;
  // Six digits, a NUL and a blank: the form every tar has written since V7.
  putOctal(block, CHECKSUM_DIGITS, sum);
  block[CHECKSUM.at + CHECKSUM.size - 1] = BLANK;
  return block;
}

/** The largest number that fits a field of `digits` octal digits. */
export function maxOctal(digits: number): number {
  return 8 ** digits - 1;
}

/**
 * Splits a name that is longer than its field at a slash, for the prefix field. Returns `undefined` when
 * no slash is where it would help.
 */
export function splitName(name: Uint8Array): { prefix: Uint8Array; name: Uint8Array } | undefined {
  if (name.length <= NAME.size) return { prefix: NO_PREFIX, name };
  const last = Math.min(name.length - 2, PREFIX.size);
  const slash = name.lastIndexOf(SLASH, last);
  if (slash <= 0 || name.length - slash - 1 > NAME.size) return undefined;
  return { prefix: name.subarray(0, slash), name: name.subarray(slash + 1) };
}

function checksumFits(block: Uint8Array): boolean {
  const wanted = parseOctal(block, CHECKSUM);
  const { unsigned, signed } = checksums(block);
  return wanted === unsigned || wanted === signed;
}

/** The sum of all bytes, the field itself taken as blanks; Sun's tar summed signed bytes. */
function checksums(block: Uint8Array): { unsigned: number; signed: number } {
  let unsigned = 0;
  let high = 0;
  for (let i = 0; i < BLOCK_BYTES; i++) {
    const isOwn = i >= CHECKSUM.at && i < CHECKSUM.at + CHECKSUM.size;
    const byte = isOwn ? BLANK : byteAt(block, i);
    unsigned += byte;
    high += byte >> 7;
  }
  return { unsigned, signed: unsigned - 256 * high };
}

function formatOf(block: Uint8Array): Format {
  if (startsWith(block, MAGIC_AT, GNU_MAGIC)) return 'gnu';
  if (!startsWith(block, MAGIC_AT, USTAR_MAGIC)) return 'v7';
  return startsWith(block, STAR_TRAILER_AT, STAR_TRAILER) ? 'star' : 'ustar';
}

function fullName(block: Uint8Array, format: Format): Uint8Array {
  const prefix = prefixOf(block, format);
  const name = parseString(block, NAME);
  if (prefix.length === 0) return copyOf(name);
  const joined = new Uint8Array(prefix.length + 1 + name.length);
  joined.set(prefix);
  joined[prefix.length] = SLASH;
  joined.set(name, prefix.length + 1);
  return joined;
}

function prefixOf(block: Uint8Array, format: Format): Uint8Array {
  switch (format) {
    case 'v7':
      return new Uint8Array(0);
    case 'ustar':
      return parseString(block, PREFIX);
    case 'star':
      return parseString(block, STAR_PREFIX);
    case 'gnu': {
      // Go before 1.8 wrote a prefix where GNU has times: it is one if the times are none and it is ASCII.
      if (isGnuTime(block, GNU_ATIME) && isGnuTime(block, GNU_CTIME)) return new Uint8Array(0);
      const prefix = parseString(block, PREFIX);
      return prefix.every((byte) => byte < 0x80) ? prefix : new Uint8Array(0);
    }
  }
}

function isGnuTime(block: Uint8Array, field: Field): boolean {
  return byteAt(block, field.at) === 0 || isNumeric(block, field);
}

function isNumeric(block: Uint8Array, field: Field): boolean {
  return parseNumeric(block, field) !== undefined;
}

/** The bytes before the first NUL; a view. */
function parseString(block: Uint8Array, field: Field): Uint8Array {
  const end = field.at + field.size;
  let at = field.at;
  while (at < end && block[at] !== 0) at++;
  return block.subarray(field.at, at);
}

/** Octal, or GNU base-256: top bit set, two's complement, big-endian. */
function parseNumeric(block: Uint8Array, field: Field): number | undefined {
  const head = byteAt(block, field.at);
  if ((head & 0x80) === 0) return parseOctal(block, field);
  const flip = (head & 0x40) === 0 ? 0 : 0xff;
  let value = (head ^ flip) & 0x7f;
  for (let at = field.at + 1; at < field.at + field.size; at++)
    value = value * 256 + (byteAt(block, at) ^ flip);
  if (value > Number.MAX_SAFE_INTEGER) return undefined;
  return flip === 0 ? value : -value - 1;
}

/** Octal digits among blanks and NULs; an empty field is 0. */
function parseOctal(block: Uint8Array, field: Field): number | undefined {
  let at = field.at;
  let end = field.at + field.size;
  while (at < end && isPadding(block, at)) at++;
  while (at < end && isPadding(block, end - 1)) end--;
  let value = 0;
  for (; at < end && block[at] !== 0; at++) {
    const digit = byteAt(block, at) - 0x30;
    if (digit < 0 || digit > 7) return undefined;
    value = value * 8 + digit;
  }
  return value;
}

function isPadding(block: Uint8Array, at: number): boolean {
  return block[at] === BLANK || block[at] === 0;
}

/** Not `slice()`: that of a Node `Buffer` is a view. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

/** Returns the sum of what it put. */
function putOctal(block: Uint8Array, field: Field, value: number): number {
  let rest = value;
  let sum = 0;
  for (let at = field.at + field.size - 2; at >= field.at; at--) {
    const low = rest & 7;
    block[at] = 0x30 + low;
    sum += 0x30 + low;
    // Beyond 32 bits the shift operators would cut the number.
    rest = rest > 0xffffffff ? Math.floor(rest / 8) : rest >>> 3;
  }
  return sum;
}

/** Returns the sum of what it put: most names are so short that a copy of their own for it is faster than `set`. */
function putBytes(block: Uint8Array, at: number, bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    block[at + i] = byte;
    sum += byte;
  }
  return sum;
}

function startsWith(block: Uint8Array, at: number, bytes: Uint8Array): boolean {
  return bytes.every((byte, i) => block[at + i] === byte);
}

function byteAt(block: Uint8Array, at: number): number {
  return block[at] ?? 0;
}

function latin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}
