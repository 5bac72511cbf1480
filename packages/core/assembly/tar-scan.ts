// Walks the headers of a tar that arrives in windows. Reads what Go's archive/tar reads and refuses what
// it refuses, as Docker is built on it; `src/tar/ts-tar-scanner.ts` is the same in TypeScript, and one
// suite holds both.
import {
  BLOCK,
  BLOCK_BYTES,
  EXTENSION_BYTES,
  INPUT,
  LONG_LINK,
  LONG_NAME,
  PAX,
  POOL,
  POOL_BYTES,
  RECORDS,
  RECORD_BYTES,
  RECORD_SLOTS,
} from './memory';
import * as pax from './pax';
import * as header from './tar-header';

/** What ended the scan; `src/wasm/wasm-tar-scanner.ts` has the words. */
const INVALID_HEADER: i32 = 1;
const EXTENSION_TOO_LARGE: i32 = 2;
const SPARSE_FILE: i32 = 3;
const UNKNOWN_TYPE: i32 = 4;
const TRUNCATED: i32 = 5;

const HEADER: i32 = 0;
const EXTENSION: i32 = 1;
const ENDED: i32 = 2;
const FAILED: i32 = 3;

let phase: i32 = HEADER;
/** Bytes taken so far. */
let position: u64 = 0;
/** Where the last header block starts. */
let blockStart: u64 = 0;
/** Bytes in `BLOCK`. */
let held: usize = 0;
let hasZeroBlock: bool = false;
let payloadLeft: u64 = 0;
let paddingLeft: u64 = 0;

let extensionType: u8 = 0;
let extensionAt: usize = 0;
let extensionSize: usize = 0;
let extensionLeft: usize = 0;

/** What the next entry takes from extensions before it; no PAX header: size 0. */
let paxSize: usize = 0;
let longNameSize: usize = 0;
let longLinkSize: usize = 0;
let hasExtension: bool = false;
let entryStart: u64 = 0;

let recordCount: usize = 0;
let poolUsed: usize = 0;

export let errorCode: i32 = 0;
export let errorOffset: f64 = 0;
/** Name of the entry, or its type flag. */
export let errorTextAt: usize = 0;
export let errorTextSize: usize = 0;

export function reset(): void {
  phase = HEADER;
  position = 0;
  held = 0;
  hasZeroBlock = false;
  payloadLeft = 0;
  paddingLeft = 0;
  errorCode = 0;
  dropExtensions();
  drain();
}

/** Bytes that need not be shown to `scan`: all of them behind the end of the archive. */
export function skippable(): f64 {
  if (phase == ENDED) return Infinity;
  return phase == HEADER ? <f64>(payloadLeft + paddingLeft) : 0;
}

/** Passes over `size` bytes, at most `skippable()`. */
export function skip(size: f64): void {
  if (phase != ENDED) skipBytes(<u64>size);
}

/**
 * Takes `size` bytes of the input window; returns how many. Fewer means that the scan has failed or that
 * the tables are full: drain them and show the rest again.
 */
export function scan(size: usize): usize {
  let at: usize = 0;
  while (at < size) {
    const left = size - at;
    if (phase == FAILED) return at;
    if (phase == ENDED) return size;
    if (phase == EXTENSION) {
      at += takeExtension(INPUT + at, left);
    } else if (payloadLeft + paddingLeft > 0) {
      const skipped = min<u64>(left, payloadLeft + paddingLeft);
      skipBytes(skipped);
      at += <usize>skipped;
    } else if (held + left < BLOCK_BYTES) {
      memory.copy(BLOCK + held, INPUT + at, left);
      held += left;
      position += left;
      at = size;
    } else {
      if (!hasRoom()) return at;
      at += takeBlock(INPUT + at);
    }
  }
  return at;
}

/** Says that the bytes have ended; returns the error, 0 for none. Padding may be missing, payload not. */
export function finish(): i32 {
  if (phase == EXTENSION || held > 0 || payloadLeft > 0) {
    blockStart = position;
    fail(TRUNCATED);
  }
  return errorCode;
}

export function records(): usize {
  return recordCount;
}

export function poolSize(): usize {
  return poolUsed;
}

export function drain(): void {
  recordCount = 0;
  poolUsed = 0;
}

function skipBytes(size: u64): void {
  const payload = min(size, payloadLeft);
  payloadLeft -= payload;
  paddingLeft -= size - payload;
  position += size;
}

/** Tells whether the tables can take the next entry, whatever its strings. */
function hasRoom(): bool {
  const strings = paxSize + longNameSize + longLinkSize + BLOCK_BYTES;
  return recordCount < RECORD_SLOTS && poolUsed + strings <= POOL_BYTES;
}

function takeExtension(from: usize, left: usize): usize {
  const taken = min(left, extensionLeft);
  memory.copy(extensionAt + extensionSize - extensionLeft, from, taken);
  extensionLeft -= taken;
  position += taken;
  if (extensionLeft == 0) endExtension();
  return taken;
}

function takeBlock(from: usize): usize {
  const taken = BLOCK_BYTES - held;
  let block = from;
  if (held > 0) {
    memory.copy(BLOCK + held, from, taken);
    block = BLOCK;
    held = 0;
  }
  blockStart = position + taken - BLOCK_BYTES;
  position += taken;
  if (header.isZero(block)) {
    if (hasZeroBlock) phase = ENDED;
    hasZeroBlock = true;
  } else if (hasZeroBlock || !header.checksumFits(block)) {
    fail(INVALID_HEADER);
  } else {
    readHeader(block);
  }
  return taken;
}

function readHeader(block: usize): void {
  const type = load<u8>(block + header.TYPE);
  const size = header.numeric(block + header.SIZE, 12);
  if (!numbersFit(block) || size == header.INVALID) return fail(INVALID_HEADER);
  if (size < 0 && hasPayload(type)) return fail(INVALID_HEADER);
  if (!hasExtension) entryStart = blockStart;
  // 'x', 'g', 'L', 'K'
  if (type == 0x78 || type == 0x67 || type == 0x4c || type == 0x4b) beginExtension(type, size);
  else readEntry(block, type, size);
}

/** Tells whether all numbers of the header but its size are numbers. */
function numbersFit(block: usize): bool {
  const kind = header.format(block);
  return (
    header.numeric(block + header.MODE, 8) != header.INVALID &&
    header.numeric(block + header.UID, 8) != header.INVALID &&
    header.numeric(block + header.GID, 8) != header.INVALID &&
    header.numeric(block + header.MTIME, 12) != header.INVALID &&
    (kind == header.V7 ||
      (header.numeric(block + header.DEV_MAJOR, 8) != header.INVALID &&
        header.numeric(block + header.DEV_MINOR, 8) != header.INVALID)) &&
    header.extraNumbersFit(block, kind)
  );
}

function beginExtension(type: u8, size: i64): void {
  if (size > <i64>EXTENSION_BYTES) return fail(EXTENSION_TOO_LARGE);
  phase = EXTENSION;
  hasExtension = true;
  extensionType = type;
  extensionAt = type == 0x4c ? LONG_NAME : type == 0x4b ? LONG_LINK : PAX;
  extensionSize = <usize>size;
  extensionLeft = extensionSize;
  if (size == 0) endExtension();
}

function endExtension(): void {
  phase = HEADER;
  paddingLeft = <u64>(-extensionSize & (BLOCK_BYTES - 1));
  if (extensionType == 0x4c) {
    longNameSize = header.stringLength(LONG_NAME, extensionSize);
  } else if (extensionType == 0x4b) {
    longLinkSize = header.stringLength(LONG_LINK, extensionSize);
  } else if (!pax.validate(PAX, extensionSize)) {
    fail(INVALID_HEADER);
  } else if (extensionType == 0x67) {
    // Docker reads a global header and applies nothing of it; what came before it is void as well.
    dropExtensions();
  } else {
    paxSize = extensionSize;
  }
}

function dropExtensions(): void {
  paxSize = 0;
  longNameSize = 0;
  longLinkSize = 0;
  hasExtension = false;
}

function readEntry(block: usize, flag: u8, headerSize: i64): void {
  const kind = header.format(block);
  pax.collect(PAX, paxSize);
  const size = pax.number(pax.SIZE, headerSize);
  const uid = pax.number(pax.UID, header.numeric(block + header.UID, 8));
  const gid = pax.number(pax.GID, header.numeric(block + header.GID, 8));
  const atime = pax.seconds(pax.ATIME, 0);
  const ctime = pax.seconds(pax.CTIME, 0);
  const mtime = pax.seconds(pax.MTIME, header.numeric(block + header.MTIME, 12));
  if (size == header.INVALID || uid == header.INVALID || gid == header.INVALID) return fail(INVALID_HEADER);
  if (atime == header.INVALID || ctime == header.INVALID || mtime == header.INVALID)
    return fail(INVALID_HEADER);

  const nameAt = poolUsed;
  const nameSize = putName(block, kind);
  const type = entryType(flag, nameSize > 0 && load<u8>(POOL + poolUsed - 1) == 0x2f);
  const isFile = type == 0x30;
  if (size < 0 && hasPayload(type)) return fail(INVALID_HEADER);
  if (type == 0x53 || pax.isSparse) return failSparse(POOL + nameAt, nameSize);
  payloadLeft = hasPayload(type) ? <u64>size : 0;
  paddingLeft = <u64>(-payloadLeft & (BLOCK_BYTES - 1));
  if (type == 0x41 || type == 0x56) {
    // Solaris ACLs ('A') and GNU volume labels ('V') are no entries of the file system.
    poolUsed = nameAt;
    return dropExtensions();
  }
  if (type < 0x30 || type > 0x36) return failType(type);

  const record = RECORDS + recordCount++ * RECORD_BYTES;
  const isDevice = type == 0x33 || type == 0x34;
  store<f64>(record, <f64>entryStart, 0);
  store<f64>(record, <f64>position, 8);
  store<f64>(record, isFile ? <f64>size : 0, 16);
  store<f64>(record, <f64>mtime, 24);
  store<f64>(record, <f64>uid, 32);
  store<f64>(record, <f64>gid, 40);
  store<f64>(
    record,
    isDevice && kind != header.V7 ? <f64>header.numeric(block + header.DEV_MAJOR, 8) : 0,
    48,
  );
  store<f64>(
    record,
    isDevice && kind != header.V7 ? <f64>header.numeric(block + header.DEV_MINOR, 8) : 0,
    56,
  );
  store<u32>(record, pax.nanoseconds, 64);
  store<u32>(record, <u32>header.numeric(block + header.MODE, 8) & 0o7777, 68);
  store<u32>(record, type, 72);
  store<u32>(record, nameAt, 76);
  store<u32>(record, nameSize, 80);
  store<u32>(record, poolUsed, 84);
  store<u32>(record, type == 0x31 || type == 0x32 ? putLink(block) : 0, 88);
  store<u32>(record, poolUsed, 92);
  store<u32>(record, pax.xattrBytes, 96);
  pax.copyXattrs(PAX, paxSize, POOL + poolUsed);
  poolUsed += pax.xattrBytes;
  dropExtensions();
}

/** V7 has one flag for files and directories, '\0'; '7' is a file in one piece. */
function entryType(flag: u8, endsInSlash: bool): u8 {
  if (flag == 0) return endsInSlash ? 0x35 : 0x30;
  return flag == 0x37 ? 0x30 : flag;
}

/** Links, devices, directories and fifos may claim a size, yet no payload follows them. */
function hasPayload(type: u8): bool {
  return type < 0x31 || type > 0x36;
}

/** GNU's long name wins over PAX, as Go's archive/tar, and so Docker, has it. */
function putName(block: usize, kind: i32): usize {
  const before = poolUsed;
  if (longNameSize > 0) {
    put(LONG_NAME, longNameSize);
  } else if (pax.fieldSize(pax.PATH) > 0) {
    put(pax.fieldAt(pax.PATH), pax.fieldSize(pax.PATH));
  } else {
    const prefix = header.prefixLength(block, kind);
    if (prefix > 0) {
      put(block + header.PREFIX, prefix);
      store<u8>(POOL + poolUsed++, 0x2f);
    }
    put(block, header.stringLength(block, header.NAME_BYTES));
  }
  return poolUsed - before;
}

function putLink(block: usize): usize {
  const before = poolUsed;
  if (longLinkSize > 0) put(LONG_LINK, longLinkSize);
  else if (pax.fieldSize(pax.LINKPATH) > 0) put(pax.fieldAt(pax.LINKPATH), pax.fieldSize(pax.LINKPATH));
  else put(block + header.LINK, header.stringLength(block + header.LINK, header.NAME_BYTES));
  return poolUsed - before;
}

function put(at: usize, size: usize): void {
  memory.copy(POOL + poolUsed, at, size);
  poolUsed += size;
}

function fail(code: i32): void {
  phase = FAILED;
  errorCode = code;
  errorOffset = <f64>blockStart;
}

function failSparse(nameAt: usize, nameSize: usize): void {
  errorTextAt = pax.sparseNameSize > 0 ? pax.sparseNameAt : nameAt;
  errorTextSize = pax.sparseNameSize > 0 ? pax.sparseNameSize : nameSize;
  fail(SPARSE_FILE);
}

function failType(type: u8): void {
  store<u8>(POOL + poolUsed, type);
  errorTextAt = POOL + poolUsed;
  errorTextSize = 1;
  fail(UNKNOWN_TYPE);
}
