import type { BitReader } from './bit-reader.ts';
import { corrupt } from './failures.ts';

const GROUP_SYMBOLS = 50;
const MAX_CODE_BITS = 20;
const MIN_TABLES = 2;
const MAX_TABLES = 6;
const RUN_A = 0;
const RUN_B = 1;

/** A block after its Huffman and move-to-front stages: ready for the inverse Burrows-Wheeler transform. */
export interface Bzip2Block {
  /** CRC-32 of what the block unpacks to. */
  readonly crc: number;
  /** How many of `links` count. */
  readonly length: number;
  /** Where to enter the chain. */
  readonly start: number;
}

interface HuffmanTable {
  readonly minBits: number;
  /** Largest code of each length, -1 for none. */
  readonly limits: Int32Array;
  /** What to take off a code of each length to get its place in `symbols`. */
  readonly bases: Int32Array;
  readonly symbols: Uint16Array;
}

/**
 * Reads one block, behind its magic. Puts into each of `links` a byte of content in the low 8 bits and where
 * the next one stands in the rest. Throws `CORRUPT`.
 */
export function readBlock(bits: BitReader, links: Int32Array, maxLength: number): Bzip2Block {
  const crc = ((bits.read(16) << 16) | bits.read(16)) >>> 0;
  if (bits.read(1) === 1) throw corrupt('bzip2', 'randomised blocks are not supported');
  const start = bits.read(24);
  const used = readUsedBytes(bits);
  const tableCount = bits.read(3);
  if (tableCount < MIN_TABLES || tableCount > MAX_TABLES) throw corrupt('bzip2', 'bad number of tables');
  const selectors = readSelectors(bits, tableCount);
  const symbolCount = used.length + 2;
  const tables = Array.from({ length: tableCount }, () => readTable(bits, symbolCount));
  const length = readSymbols(bits, { used, selectors, tables, links, maxLength });
  if (start >= length) throw corrupt('bzip2', 'bad start of block');
  linkUp(links, length);
  return { crc, length, start };
}

/** The byte values that occur in the block, in order. */
function readUsedBytes(bits: BitReader): Uint8Array {
  const ranges = bits.read(16);
  const used: number[] = [];
  for (let high = 0; high < 16; high++) {
    if (!(ranges & (0x8000 >> high))) continue;
    const map = bits.read(16);
    for (let low = 0; low < 16; low++) if (map & (0x8000 >> low)) used.push(high * 16 + low);
  }
  if (used.length === 0) throw corrupt('bzip2', 'block without bytes');
  return Uint8Array.from(used);
}

/** Which table holds for each group of symbols, after a move-to-front stage of its own. */
function readSelectors(bits: BitReader, tableCount: number): Uint8Array {
  const count = bits.read(15);
  if (count === 0) throw corrupt('bzip2', 'block without selectors');
  const order = Array.from({ length: tableCount }, (_, i) => i);
  const selectors = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    let place = 0;
    while (bits.read(1) === 1) if (++place >= tableCount) throw corrupt('bzip2', 'bad selector');
    const [table = 0] = order.splice(place, 1);
    order.unshift(table);
    selectors[i] = table;
  }
  return selectors;
}

function readTable(bits: BitReader, symbolCount: number): HuffmanTable {
  const lengths = new Uint8Array(symbolCount);
  let length = bits.read(5);
  for (let symbol = 0; symbol < symbolCount; symbol++) {
    for (;;) {
      if (length < 1 || length > MAX_CODE_BITS) throw corrupt('bzip2', 'bad code length');
      if (bits.read(1) === 0) break;
      length += bits.read(1) === 0 ? 1 : -1;
    }
    lengths[symbol] = length;
  }
  return buildTable(lengths);
}

function buildTable(lengths: Uint8Array): HuffmanTable {
  const symbols = new Uint16Array(lengths.length);
  const limits = new Int32Array(MAX_CODE_BITS + 1).fill(-1);
  const bases = new Int32Array(MAX_CODE_BITS + 1);
  let place = 0;
  let code = 0;
  for (let length = 1; length <= MAX_CODE_BITS; length++) {
    bases[length] = code - place;
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      if (lengths[symbol] !== length) continue;
      symbols[place++] = symbol;
      code++;
    }
    if (code > 1 << length) throw corrupt('bzip2', 'bad code lengths');
    limits[length] = code - 1;
    code <<= 1;
  }
  return { minBits: Math.min(...lengths), limits, bases, symbols };
}

interface SymbolInput {
  readonly used: Uint8Array;
  readonly selectors: Uint8Array;
  readonly tables: readonly HuffmanTable[];
  readonly links: Int32Array;
  readonly maxLength: number;
}

/** Reads the symbols up to the end of the block into the low bytes of `links`; returns how many bytes there are. */
function readSymbols(bits: BitReader, { used, selectors, tables, links, maxLength }: SymbolInput): number {
  const endOfBlock = used.length + 1;
  let length = 0;
  let run = 0;
  let runDigit = 1;
  for (let i = 0; ; i++) {
    const selector = selectors[Math.floor(i / GROUP_SYMBOLS)];
    const table = selector === undefined ? undefined : tables[selector];
    if (table === undefined) throw corrupt('bzip2', 'symbols behind the last selector');
    const symbol = readSymbol(bits, table);
    if (symbol === RUN_A || symbol === RUN_B) {
      // Run lengths are written in a base-2 system with the digits 1 and 2, lowest first.
      run += runDigit << symbol;
      runDigit *= 2;
      if (run > maxLength) throw corrupt('bzip2', 'block too long');
      continue;
    }
    if (length + run + 1 > maxLength && symbol !== endOfBlock) throw corrupt('bzip2', 'block too long');
    if (run > 0) {
      if (length + run > maxLength) throw corrupt('bzip2', 'block too long');
      links.fill(used[0] ?? 0, length, length + run);
      length += run;
      run = 0;
      runDigit = 1;
    }
    if (symbol === endOfBlock) return length;
    const byte = used[symbol - 1] ?? 0;
    used.copyWithin(1, 0, symbol - 1);
    used[0] = byte;
    links[length++] = byte;
  }
}

function readSymbol(bits: BitReader, table: HuffmanTable): number {
  let length = table.minBits;
  let code = bits.read(length);
  while (length <= MAX_CODE_BITS && code > (table.limits[length] ?? -1)) {
    code = (code << 1) | bits.read(1);
    length++;
  }
  const symbol = table.symbols[code - (table.bases[length] ?? 0)];
  if (length > MAX_CODE_BITS || symbol === undefined) throw corrupt('bzip2', 'bad code');
  return symbol;
}

/** The inverse Burrows-Wheeler transform's first half: where the byte after each one stands. */
function linkUp(links: Int32Array, length: number): void {
  const places = new Int32Array(256);
  for (let i = 0; i < length; i++) places[(links[i] ?? 0) & 0xff] = (places[(links[i] ?? 0) & 0xff] ?? 0) + 1;
  let sum = 0;
  for (let byte = 0; byte < 256; byte++) {
    const count = places[byte] ?? 0;
    places[byte] = sum;
    sum += count;
  }
  for (let i = 0; i < length; i++) {
    const byte = (links[i] ?? 0) & 0xff;
    const place = places[byte] ?? 0;
    places[byte] = place + 1;
    links[place] = ((links[place] ?? 0) & 0xff) | (i << 8);
  }
}
