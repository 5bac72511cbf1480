import { BitReader, OutOfBits } from './bit-reader.ts';
import { type Bzip2Block, readBlock } from './bzip2-block.ts';
import { type OutputBuffer, reusedOutput, type SteppedDecoder } from './compression.ts';
import { corrupt, truncated } from './failures.ts';

const LEVEL_BYTES = 100_000;
/**
 * No block is longer than this when packed: 900,001 symbols of at most 20 bits, and its tables. With that many
 * bytes at hand a block is read without stopping in the middle, or not at all.
 */
const MAX_PACKED_BLOCK_BYTES = 2_600_000;
/** Runs of 4 equal bytes are followed by how many more there are. */
const RUN_BEFORE_COUNT = 4;

const MAGIC_STREAM = [0x42, 0x5a, 0x68];
const MAGIC_BLOCK = [0x314159, 0x265359];
const MAGIC_END = [0x177245, 0x385090];

const CRC_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  return crc;
});

/**
 * Unpacks bzip2 in plain TypeScript; Node has none. Concatenated streams are one. Some 8 MB of memory:
 * 4 for the block, the rest for its packed bytes.
 */
export class Bzip2Decoder implements SteppedDecoder {
  readonly #bits = new BitReader();
  readonly #output: OutputBuffer;
  #links = new Int32Array(0);
  #place: 'stream' | 'block' = 'stream';
  #streams = 0;
  #maxBlockLength = 0;
  /** Of the stream so far, folded from its blocks'. */
  #streamCrc = 0;

  constructor(output?: OutputBuffer) {
    this.#output = output ?? reusedOutput();
  }

  *steps(input: Uint8Array): Generator<Uint8Array, void, undefined> {
    this.#bits.append(input);
    while (this.#bits.available > MAX_PACKED_BLOCK_BYTES) yield* this.#next('bzip2 block does not end');
  }

  *end(): Generator<Uint8Array, void, undefined> {
    while (!(this.#place === 'stream' && this.#streams > 0 && this.#bits.isEmpty))
      yield* this.#next(undefined);
  }

  write(input: Uint8Array, emit: (output: Uint8Array) => void): void {
    for (const output of this.steps(input)) emit(output);
  }

  finish(emit: (output: Uint8Array) => void): void {
    for (const output of this.end()) emit(output);
  }

  close(): void {
    this.#links = new Int32Array(0);
  }

  /** Reads the next stream header, block or stream end. `endless` is what is wrong when the bytes do not suffice. */
  *#next(endless: string | undefined): Generator<Uint8Array, void, undefined> {
    let block: Bzip2Block | undefined;
    try {
      if (this.#place === 'stream') this.#readStreamHeader();
      else block = this.#readBlockOrEnd();
    } catch (error) {
      if (!(error instanceof OutOfBits)) throw error;
      throw endless === undefined ? truncated('bzip2') : corrupt('bzip2', endless);
    }
    if (block !== undefined) yield* this.#unpack(block);
  }

  #readStreamHeader(): void {
    for (const byte of MAGIC_STREAM)
      if (this.#bits.read(8) !== byte) throw corrupt('bzip2', 'invalid header');
    const level = this.#bits.read(8) - 0x30;
    if (level < 1 || level > 9) throw corrupt('bzip2', 'invalid block size');
    this.#maxBlockLength = level * LEVEL_BYTES;
    if (this.#links.length < this.#maxBlockLength) this.#links = new Int32Array(this.#maxBlockLength);
    this.#streamCrc = 0;
    this.#place = 'block';
  }

  #readBlockOrEnd(): Bzip2Block | undefined {
    const high = this.#bits.read(24);
    const low = this.#bits.read(24);
    if (high === MAGIC_BLOCK[0] && low === MAGIC_BLOCK[1])
      return readBlock(this.#bits, this.#links, this.#maxBlockLength);
    if (high !== MAGIC_END[0] || low !== MAGIC_END[1]) throw corrupt('bzip2', 'bad magic of block');
    const crc = ((this.#bits.read(16) << 16) | this.#bits.read(16)) >>> 0;
    if (crc !== this.#streamCrc) throw corrupt('bzip2', 'invalid checksum');
    this.#bits.align();
    this.#streams++;
    this.#place = 'stream';
    return undefined;
  }

  /** Follows the links through the block and undoes the run-length coding that was its first stage. */
  *#unpack({ crc, length, start }: Bzip2Block): Generator<Uint8Array, void, undefined> {
    const links = this.#links;
    let buffer = this.#output();
    let used = 0;
    let check = -1;
    let link = (links[start] ?? 0) >>> 8;
    let previous = -1;
    let equal = 0;
    for (let left = length; left > 0; left--) {
      const entry = links[link] ?? 0;
      link = entry >>> 8;
      const byte = entry & 0xff;
      const isCount = equal === RUN_BEFORE_COUNT;
      const repeat = isCount ? byte : 1;
      const value = isCount ? previous : byte;
      equal = isCount ? 0 : byte === previous ? equal + 1 : 1;
      previous = isCount ? -1 : byte;
      for (let i = 0; i < repeat; i++) {
        check = (check << 8) ^ (CRC_TABLE[(check >>> 24) ^ value] ?? 0);
        buffer[used++] = value;
        if (used < buffer.length) continue;
        yield buffer;
        buffer = this.#output();
        used = 0;
      }
    }
    if (used > 0) yield buffer.subarray(0, used);
    if (~check >>> 0 !== crc) throw corrupt('bzip2', 'invalid checksum');
    this.#streamCrc = (((this.#streamCrc << 1) | (this.#streamCrc >>> 31)) ^ crc) >>> 0;
  }
}
