import { WherryError } from '../errors.ts';
import { corrupt, truncated } from './failures.ts';

const FRAME_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const SKIPPABLE_MASK = 0xfffffff0;
const BLOCK_RLE = 1;
const BLOCK_RESERVED = 3;
const CHECKSUM_BYTES = 4;

type Part = 'magic' | 'skippable-size' | 'descriptor' | 'header' | 'block-header' | 'skip';

/**
 * Finds where the frames of a zstd stream end, without unpacking them: Node's decoder drops what follows a
 * frame's end within one input, and says nothing of a stream that stops between two blocks. RFC 8878 §3.1.
 */
export class ZstdFrameWalker {
  readonly #maxWindowBytes: number;
  #part: Part = 'magic';
  /** The current part's bytes so far, `#need` in all; a part is at most 14 bytes. */
  readonly #bytes = new DataView(new ArrayBuffer(16));
  #have = 0;
  #need = 4;
  #skip = 0;
  /** The frame ends behind the bytes being skipped. */
  #last = false;
  #descriptor = 0;
  #frames = 0;

  constructor(maxWindowBytes: number) {
    this.#maxWindowBytes = maxWindowBytes;
  }

  /**
   * Goes on from `offset`; returns the end of the current frame, or of `input` when that comes first. Throws
   * `CORRUPT` for what is no frame, `TOO_LARGE` for a frame that needs a larger window than allowed.
   */
  advance(input: Uint8Array, offset: number): number {
    while (offset < input.length) {
      if (this.#part === 'skip') {
        const length = Math.min(this.#skip, input.length - offset);
        this.#skip -= length;
        offset += length;
      } else {
        this.#bytes.setUint8(this.#have++, input[offset++] ?? 0);
        if (this.#have < this.#need) continue;
        this.#endPart();
      }
      if (this.#part === 'skip' && this.#skip === 0 && this.#endSkip()) return offset;
    }
    return offset;
  }

  /** Throws `TRUNCATED` when the stream may not end here. */
  finish(): void {
    if (this.#part !== 'magic' || this.#have > 0 || this.#frames === 0) throw truncated('zstd');
  }

  /** Returns whether the frame ends here. */
  #endSkip(): boolean {
    if (!this.#last) {
      this.#expect('block-header', 3);
      return false;
    }
    this.#frames++;
    this.#expect('magic', 4);
    return true;
  }

  #endPart(): void {
    switch (this.#part) {
      case 'magic':
        this.#readMagic(this.#bytes.getUint32(0, true));
        break;
      case 'skippable-size':
        this.#skipBytes(this.#bytes.getUint32(0, true), true);
        break;
      case 'descriptor':
        this.#readDescriptor(this.#bytes.getUint8(0));
        break;
      case 'header':
        this.#checkWindow();
        this.#expect('block-header', 3);
        break;
      case 'block-header':
        this.#readBlockHeader(this.#bytes.getUint16(0, true) | (this.#bytes.getUint8(2) << 16));
        break;
    }
  }

  #readMagic(magic: number): void {
    if (magic === FRAME_MAGIC) this.#expect('descriptor', 1);
    else if ((magic & SKIPPABLE_MASK) >>> 0 === SKIPPABLE_MAGIC) this.#expect('skippable-size', 4);
    else throw corrupt('zstd', 'invalid magic number');
  }

  #readDescriptor(descriptor: number): void {
    if (descriptor & 0x08) throw corrupt('zstd', 'reserved bit set in frame header');
    this.#descriptor = descriptor;
    // A single-segment frame always has its content size, and then no window descriptor: never 0 bytes.
    this.#expect(
      'header',
      windowBytes(descriptor) + dictionaryBytes(descriptor) + contentSizeBytes(descriptor),
    );
  }

  #readBlockHeader(header: number): void {
    const type = (header >> 1) & 3;
    if (type === BLOCK_RESERVED) throw corrupt('zstd', 'reserved block type');
    const last = (header & 1) === 1;
    const checksum = last && this.#descriptor & 0x04 ? CHECKSUM_BYTES : 0;
    this.#skipBytes((type === BLOCK_RLE ? 1 : header >>> 3) + checksum, last);
  }

  #checkWindow(): void {
    const size = this.#windowSize();
    if (size <= this.#maxWindowBytes) return;
    throw new WherryError(
      'TOO_LARGE',
      `zstd: frame needs a window of ${size} bytes, limit ${this.#maxWindowBytes}`,
    );
  }

  #windowSize(): number {
    if (windowBytes(this.#descriptor) === 1) {
      const packed = this.#bytes.getUint8(0);
      const base = 2 ** (10 + (packed >> 3));
      return base + (base / 8) * (packed & 7);
    }
    const at = dictionaryBytes(this.#descriptor);
    switch (contentSizeBytes(this.#descriptor)) {
      case 1:
        return this.#bytes.getUint8(at);
      case 2:
        return this.#bytes.getUint16(at, true) + 256;
      case 4:
        return this.#bytes.getUint32(at, true);
      default:
        return Number(this.#bytes.getBigUint64(at, true));
    }
  }

  #expect(part: Part, need: number): void {
    this.#part = part;
    this.#need = need;
    this.#have = 0;
  }

  #skipBytes(count: number, last: boolean): void {
    this.#part = 'skip';
    this.#skip = count;
    this.#last = last;
  }
}

function windowBytes(descriptor: number): number {
  return descriptor & 0x20 ? 0 : 1;
}

function dictionaryBytes(descriptor: number): number {
  const flag = descriptor & 3;
  return flag === 3 ? 4 : flag;
}

function contentSizeBytes(descriptor: number): number {
  const flag = descriptor >> 6;
  if (flag === 0) return descriptor & 0x20 ? 1 : 0;
  return 1 << flag;
}
