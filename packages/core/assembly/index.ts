// The whole ABI of core.wasm. Addresses and sizes are bytes; wide numbers are float64, exact to 2^53.
// One instance serves one stream: state is global inside it.
//
// Entry record, RECORD_BYTES, little-endian:
//    0 f64 header offset    8 f64 data offset   16 f64 size        24 f64 mtime, seconds rounded down
//   32 f64 uid             40 f64 gid           48 f64 dev major   56 f64 dev minor
//   64 u32 mtime, ns       68 u32 mode          72 u32 type flag ('0' to '6')
//   76 u32 name at, size   84 u32 link at, size   92 u32 xattrs at, size        (at: within the pool)
// Extended attributes in the pool: u32 name size, u32 value size, name, value, and so on.
import * as memory from './memory';
import * as sha256 from './sha256';
import * as tar from './tar-scan';

// Windows. Memory grows in the two reserve functions only: make views after them.

export function inputAt(): usize {
  return memory.INPUT;
}
export function inputBytes(): usize {
  return memory.INPUT_BYTES;
}
export function outputAt(): usize {
  return memory.OUTPUT;
}
export function recordsAt(): usize {
  return memory.RECORDS;
}
export function recordBytes(): usize {
  return memory.RECORD_BYTES;
}
export function poolAt(): usize {
  return memory.POOL;
}

// SHA-256. A reserve function answers false when there is no memory.

export function shaReserve(): bool {
  return memory.reserveHasher();
}
export function shaInit(): void {
  sha256.init();
}
export function shaUpdate(size: usize): void {
  sha256.update(size);
}
export function shaFinal(): void {
  sha256.final();
}
export function shaSave(): usize {
  return sha256.save();
}
export function shaRestore(size: usize): bool {
  return sha256.restore(size);
}

// Tar scanner: while bytes are left, skip what is skippable, scan the rest, drain when a scan stops early.

export function tarReserve(): bool {
  return memory.reserveScanner();
}
export function tarInit(): void {
  tar.reset();
}
export function tarSkippable(): f64 {
  return tar.skippable();
}
export function tarSkip(size: f64): void {
  tar.skip(size);
}
export function tarScan(size: usize): usize {
  return tar.scan(size);
}
export function tarRecords(): usize {
  return tar.records();
}
export function tarPoolSize(): usize {
  return tar.poolSize();
}
export function tarDrain(): void {
  tar.drain();
}
/** 0 none, 1 invalid header, 2 extension too large, 3 sparse file, 4 unknown type, 5 truncated. */
export function tarFinish(): i32 {
  return tar.finish();
}
export function tarError(): i32 {
  return tar.errorCode;
}
export function tarErrorOffset(): f64 {
  return tar.errorOffset;
}
/** The entry's name for a sparse file, its one flag byte for an unknown type. */
export function tarErrorTextAt(): usize {
  return tar.errorTextAt;
}
export function tarErrorTextSize(): usize {
  return tar.errorTextSize;
}
