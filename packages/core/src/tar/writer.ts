import type { ByteSource } from '../bytes/byte-source.ts';
import { WherryError } from '../errors.ts';
import { BLOCK_BYTES, encodeHeader, maxOctal, splitName, type UstarFields } from './header.ts';
import { encodePax, formatPaxTime, XATTR_PREFIX } from './pax.ts';
import type { EntryType } from './scanner.ts';

const LINK_BYTES = 100;
const MAX_SIZE = maxOctal(11);
const MAX_TIME = maxOctal(11);
const MAX_ID = maxOctal(7);
const MAX_DEVICE = maxOctal(7);
const END_BYTES = 2 * BLOCK_BYTES;
const EXTENSION_FLAG = 'x'.charCodeAt(0);
const SLASH = 0x2f;
const EMPTY = new Uint8Array(0);

const FLAG_OF_TYPE: Readonly<Record<EntryType, string>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  char: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};

/** The largest number of a field that a header, or its extension, can say. */
const LIMITS = [
  { field: 'mode', max: 0o7777 },
  { field: 'uid', max: Infinity },
  { field: 'gid', max: Infinity },
  { field: 'size', max: Infinity },
  { field: 'mtimeNs', max: 999_999_999 },
  { field: 'devMajor', max: MAX_DEVICE },
  { field: 'devMinor', max: MAX_DEVICE },
] as const;

const encoder = new TextEncoder();

type SplitName = ReturnType<typeof splitName>;

/** What goes into an archive. A `TarEntry` is one. Strings are written as UTF-8. */
export interface TarEntryInit {
  readonly name: Uint8Array | string;
  readonly type: EntryType;
  /** Permission bits; 0o755 for directories, 0o777 for symlinks, 0o644 for the rest when absent. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Payload bytes; only files have any. */
  readonly size?: number;
  /** Whole seconds since the epoch, may be negative. */
  readonly mtime?: number;
  /** 0 to 999,999,999, counted forward from `mtime`. */
  readonly mtimeNs?: number;
  readonly link?: Uint8Array | string;
  readonly devMajor?: number;
  readonly devMinor?: number;
  readonly xattrs?: ReadonlyMap<string, Uint8Array>;
}

/**
 * Writes the header blocks of an entry: ustar, after a PAX header where ustar cannot say it (names that are
 * long or not ASCII, big numbers, times before 1970 or between seconds, extended attributes). The same
 * entry gives the same bytes. One block alone is made in what `allocate` gives, zeros all. Throws `INVALID_ARGUMENT`
 * for what no tar can hold.
 */
export function encodeTarHeader(entry: TarEntryInit, allocate = newBlock): Uint8Array {
  const name = toBytes(entry.name);
  const link = toBytes(entry.link ?? EMPTY);
  assertWritable(entry, name, link);
  const split = isAscii(name) ? splitName(name) : undefined;
  const records = paxRecords(entry, name, split, link);
  const fields = mainFields(entry, name, split, link);
  if (records.size === 0) return encodeHeader(fields, allocate());

  const body = encodePax([...records].sort(([a], [b]) => (a < b ? -1 : 1)));
  const extension = encodeHeader({
    ...NO_FIELDS,
    name: asciiOnly(encoder.encode(`PaxHeaders.0/${baseName(name)}`)),
    size: body.length,
    typeFlag: EXTENSION_FLAG,
  });
  const bodyEnd = BLOCK_BYTES + body.length + tarPadding(body.length).length;
  const blocks = new Uint8Array(bodyEnd + BLOCK_BYTES);
  blocks.set(extension);
  blocks.set(body, BLOCK_BYTES);
  blocks.set(encodeHeader(fields), bodyEnd);
  return blocks;
}

/** The zeros that follow a payload of `size` bytes, up to the next block. */
export function tarPadding(size: number): Uint8Array {
  return new Uint8Array((BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES);
}

/** The two zero blocks that end an archive. */
export function tarEnd(): Uint8Array {
  return new Uint8Array(END_BYTES);
}

/**
 * Writes one entry: headers, payload, padding. A payload of bytes gives the size, a source must have
 * `entry.size` bytes. Throws `SIZE_MISMATCH` when it has more or fewer.
 */
export async function* writeTarEntry(entry: TarEntryInit, body?: ByteSource | Uint8Array): ByteSource {
  const isBytes = body instanceof Uint8Array;
  const sized = isBytes ? { ...entry, size: body.length } : entry;
  const size = sized.size ?? 0;
  yield encodeTarHeader(sized);
  let written = 0;
  if (isBytes) {
    if (size > 0) yield body;
    written = size;
  } else if (body) {
    for await (const chunk of body) {
      written += chunk.length;
      if (written > size) throw wrongSize(sized, written, size);
      yield chunk;
    }
  }
  if (written !== size) throw wrongSize(sized, written, size);
  const padding = tarPadding(size);
  if (padding.length > 0) yield padding;
}

/** An entry and what is in it. */
export interface TarItem {
  readonly entry: TarEntryInit;
  readonly body?: ByteSource | Uint8Array;
}

/** Writes a whole archive, in the order given. See `writeTarEntry`. */
export async function* writeTar(items: Iterable<TarItem> | AsyncIterable<TarItem>): ByteSource {
  for await (const { entry, body } of items) yield* writeTarEntry(entry, body);
  yield tarEnd();
}

const NO_FIELDS = {
  name: EMPTY,
  prefix: EMPTY,
  mode: 0,
  uid: 0,
  gid: 0,
  size: 0,
  mtime: 0,
  typeFlag: 0,
  link: EMPTY,
  devMajor: 0,
  devMinor: 0,
};

function newBlock(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(BLOCK_BYTES);
}

function mainFields(entry: TarEntryInit, name: Uint8Array, split: SplitName, link: Uint8Array): UstarFields {
  const isLink = entry.type === 'hardlink' || entry.type === 'symlink';
  return {
    name: split?.name ?? standIn(name),
    prefix: split?.prefix ?? EMPTY,
    mode: entry.mode ?? defaultMode(entry.type),
    uid: orZero(entry.uid, MAX_ID),
    gid: orZero(entry.gid, MAX_ID),
    size: orZero(entry.size, MAX_SIZE),
    mtime: orZero(entry.mtime, MAX_TIME),
    typeFlag: FLAG_OF_TYPE[entry.type].charCodeAt(0),
    link: isLink ? asciiOnly(link) : EMPTY,
    devMajor: entry.devMajor ?? 0,
    devMinor: entry.devMinor ?? 0,
  };
}

function paxRecords(
  entry: TarEntryInit,
  name: Uint8Array,
  split: SplitName,
  link: Uint8Array,
): ReadonlyMap<string, Uint8Array | string> {
  const { uid = 0, gid = 0, size = 0, mtime = 0, mtimeNs = 0 } = entry;
  const records = new Map<string, Uint8Array | string>();
  if (split === undefined) records.set('path', name);
  if (!isAscii(link) || link.length > LINK_BYTES) records.set('linkpath', link);
  if (uid > MAX_ID) records.set('uid', String(uid));
  if (gid > MAX_ID) records.set('gid', String(gid));
  if (size > MAX_SIZE) records.set('size', String(size));
  if (mtimeNs !== 0 || mtime < 0 || mtime > MAX_TIME)
    records.set('mtime', formatPaxTime({ seconds: mtime, nanoseconds: mtimeNs }));
  for (const [key, value] of entry.xattrs ?? []) records.set(XATTR_PREFIX + key, value);
  return records;
}

function assertWritable(entry: TarEntryInit, name: Uint8Array, link: Uint8Array): void {
  if (name.length === 0) throw unwritable(name, 'empty name');
  if (name.includes(0)) throw unwritable(name, 'name holds a NUL');
  if (link.includes(0)) throw unwritable(name, 'link target holds a NUL');
  const { type, mtime = 0, xattrs } = entry;
  if (type !== 'hardlink' && type !== 'symlink' && link.length > 0)
    throw unwritable(name, `a ${type} has no link target`);
  if (type !== 'file' && (entry.size ?? 0) !== 0) throw unwritable(name, `a ${type} has no payload`);
  for (const { field, max } of LIMITS) {
    const value = entry[field] ?? 0;
    if (!Number.isSafeInteger(value) || value < 0 || value > max)
      throw unwritable(name, `${field} ${value} is out of range`);
  }
  if (!Number.isSafeInteger(mtime)) throw unwritable(name, `mtime ${mtime} is out of range`);
  if (xattrs?.has('')) throw unwritable(name, 'extended attribute without a name');
}

function unwritable(name: Uint8Array, what: string): WherryError {
  return new WherryError('INVALID_ARGUMENT', `tar entry ${shown(name)}: ${what}`);
}

/** What readers without PAX see. A slash at its end would make them take a file for a directory. */
function standIn(name: Uint8Array): Uint8Array {
  const ascii = asciiOnly(name);
  if (name.at(-1) === SLASH) return ascii;
  let end = ascii.length;
  while (end > 1 && ascii[end - 1] === SLASH) end--;
  return ascii.subarray(0, end);
}

function asciiOnly(bytes: Uint8Array): Uint8Array {
  return bytes.filter((byte) => byte < 0x80).subarray(0, LINK_BYTES);
}

function isAscii(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte >= 0x80) return false;
  return true;
}

function baseName(name: Uint8Array): string {
  return shown(name).replace(/\/+$/, '').replace(/^.*\//s, '');
}

function orZero(value: number | undefined, max: number): number {
  return value === undefined || value < 0 || value > max ? 0 : value;
}

function defaultMode(type: EntryType): number {
  if (type === 'directory') return 0o755;
  return type === 'symlink' ? 0o777 : 0o644;
}

function wrongSize(entry: TarEntryInit, written: number, size: number): WherryError {
  const name = shown(toBytes(entry.name));
  return new WherryError('SIZE_MISMATCH', `tar entry ${name}: size ${written}, want ${size}`);
}

function shown(name: Uint8Array): string {
  return new TextDecoder().decode(name);
}

function toBytes(text: Uint8Array | string): Uint8Array {
  return typeof text === 'string' ? encoder.encode(text) : text;
}
