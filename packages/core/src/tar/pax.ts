import { WherryError } from '../errors.ts';

/** Keys of an extended header and their values; a later record has replaced an earlier one. */
export type PaxRecords = ReadonlyMap<string, Uint8Array>;

/** Prefix of the keys that hold extended attributes. */
export const XATTR_PREFIX = 'SCHILY.xattr.';

const SPARSE_PREFIX = 'GNU.sparse.';
const SPARSE_NAME = 'GNU.sparse.name';
/** Keys whose values are C strings: Go's archive/tar refuses a NUL in them, elsewhere it is data. */
const TEXT_KEYS: ReadonlySet<string> = new Set(['path', 'linkpath', 'uname', 'gname']);

const LINE_FEED = 0x0a;
const SPACE = 0x20;
const EQUALS = 0x3d;
const NANOSECOND_DIGITS = 9;
const NANOSECONDS = 10 ** NANOSECOND_DIGITS;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Reads the body of an extended header: `<length> <key>=<value>\n`, again and again. Values are views of
 * `body` and may hold any bytes. Returns `undefined` when it has another form or a NUL where a string
 * belongs. POSIX.1-2017 pax "pax Extended Header".
 */
export function parsePax(body: Uint8Array): PaxRecords | undefined {
  const records = new Map<string, Uint8Array>();
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(SPACE, at);
    if (space < 0) return undefined;
    const length = parsePaxNumber(body.subarray(at, space));
    if (length === undefined || length < 5 || length > body.length - at) return undefined;
    const end = at + length - 1;
    if (end <= space || body[end] !== LINE_FEED) return undefined;
    const equals = body.indexOf(EQUALS, space + 1);
    if (equals < 0 || equals >= end || equals === space + 1) return undefined;
    const rawKey = body.subarray(space + 1, equals);
    const key = decodeKey(rawKey);
    const value = body.subarray(equals + 1, end);
    if ((TEXT_KEYS.has(key) ? value : rawKey).includes(0)) return undefined;
    records.set(key, value);
    at = end + 1;
  }
  return records;
}

/** Makes the body of an extended header, in the order given. Throws `INVALID_ARGUMENT` for a bad key. */
export function encodePax(records: Iterable<readonly [key: string, value: Uint8Array | string]>): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [key, value] of records) parts.push(encodeRecord(key, value));
  const body = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
  }
  return body;
}

/** Reads a decimal integer, sign allowed; `undefined` for anything else and beyond 2^53. */
export function parsePaxNumber(value: Uint8Array): number | undefined {
  const isNegative = value[0] === 0x2d;
  let at = isNegative || value[0] === 0x2b ? 1 : 0;
  if (at === value.length) return undefined;
  let number = 0;
  for (; at < value.length; at++) {
    const digit = (value[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    number = number * 10 + digit;
    if (number > Number.MAX_SAFE_INTEGER) return undefined;
  }
  return isNegative && number !== 0 ? -number : number;
}

/** A point in time: whole seconds rounded down, nanoseconds counted forward from there. */
export interface PaxTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** Reads `seconds[.fraction]`, sign allowed; digits beyond nanoseconds are dropped. */
export function parsePaxTime(value: Uint8Array): PaxTime | undefined {
  const dot = value.indexOf(0x2e);
  const seconds = parsePaxNumber(dot < 0 ? value : value.subarray(0, dot));
  if (seconds === undefined) return undefined;
  let fraction = 0;
  let scale = NANOSECONDS / 10;
  for (const byte of dot < 0 ? [] : value.subarray(dot + 1)) {
    const digit = byte - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    fraction += digit * scale;
    scale = Math.floor(scale / 10);
  }
  const isNegative = value[0] === 0x2d;
  if (fraction === 0 || !isNegative) return { seconds, nanoseconds: fraction };
  return { seconds: seconds - 1, nanoseconds: NANOSECONDS - fraction };
}

/** Writes a time as `parsePaxTime` reads it, without trailing zeros. */
export function formatPaxTime({ seconds, nanoseconds }: PaxTime): string {
  if (nanoseconds === 0) return String(seconds);
  const isNegative = seconds < 0;
  const whole = isNegative ? -(seconds + 1) : seconds;
  const fraction = isNegative ? NANOSECONDS - nanoseconds : nanoseconds;
  const digits = String(fraction).padStart(NANOSECOND_DIGITS, '0').replace(/0+$/, '');
  return `${isNegative ? '-' : ''}${whole}.${digits}`;
}

/** Picks the extended attributes; `undefined` when there are none. An empty value is a value. */
export function paxXattrs(records: PaxRecords): ReadonlyMap<string, Uint8Array> | undefined {
  let xattrs: Map<string, Uint8Array> | undefined;
  for (const [key, value] of records) {
    if (!key.startsWith(XATTR_PREFIX) || key.length === XATTR_PREFIX.length) continue;
    xattrs ??= new Map();
    xattrs.set(key.slice(XATTR_PREFIX.length), value);
  }
  return xattrs;
}

/** Tells whether the records describe a sparse file; its name there, if it has one. */
export function paxSparse(records: PaxRecords): { readonly name: Uint8Array | undefined } | undefined {
  for (const key of records.keys()) {
    if (!key.startsWith(SPARSE_PREFIX) || key.length === SPARSE_PREFIX.length) continue;
    const name = records.get(SPARSE_NAME);
    return { name: name?.length ? name : undefined };
  }
  return undefined;
}

function encodeRecord(key: string, value: Uint8Array | string): Uint8Array {
  if (key === '' || /[=\0]/.test(key))
    throw new WherryError('INVALID_ARGUMENT', `pax: invalid key ${JSON.stringify(key)}`);
  const head = encoder.encode(` ${key}=`);
  const data = typeof value === 'string' ? encoder.encode(value) : value;
  const rest = head.length + data.length + 1;
  // The length counts its own digits, which may add one more.
  let length = rest + String(rest).length;
  length = rest + String(length).length;
  const record = new Uint8Array(length);
  const digits = encoder.encode(String(length));
  record.set(digits);
  record.set(head, digits.length);
  record.set(data, digits.length + head.length);
  record[length - 1] = LINE_FEED;
  return record;
}

/** Keys are short and nearly always ASCII, where this is several times faster than a `TextDecoder`. */
function decodeKey(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    if (byte >= 0x80) return decoder.decode(bytes);
    text += String.fromCharCode(byte);
  }
  return text;
}
