import { crc32 } from 'node:zlib';
import { corrupt, truncated } from './failures.ts';

const FLAG_HEADER_CRC = 2;
const FLAG_EXTRA = 4;
const FLAG_NAME = 8;
const FLAG_COMMENT = 16;
const MAGIC = [0x1f, 0x8b, 0x08];
const FIXED_HEADER_BYTES = 10;
const TRAILER_BYTES = 8;

export interface GzipOptions {
  /** False where a digest of the content is verified anyway: the CRC costs a sixth of what inflating does. */
  readonly verifiesCrc?: boolean;
}

type HeaderPart = 'fixed' | 'extra-length' | 'extra' | 'name' | 'comment' | 'crc';

/**
 * What surrounds the deflate streams of a gzip file: headers, trailers and what may follow the last member.
 * Own framing, because zlib's gunzip takes garbage after a member for a corrupt one. RFC 1952 §2.3.
 */
export class GzipFraming {
  phase: 'header' | 'body' | 'trailer' | 'ignored' = 'header';
  /** Bytes taken for the header of one more member, which they were not. */
  mistakenBytes = 0;
  #members = 0;
  #part: HeaderPart = 'fixed';
  #flags = 0;
  /** Bytes taken of the current header part or trailer. */
  #taken = 0;
  #extraLength = 0;
  #crc = 0;
  /** Bytes unpacked from this member, modulo 2^32. */
  #size = 0;
  readonly #trailer = new DataView(new ArrayBuffer(TRAILER_BYTES));
  readonly #verifiesCrc: boolean;

  constructor(options: GzipOptions = {}) {
    this.#verifiesCrc = options.verifiesCrc ?? true;
  }

  /** Takes header bytes from `offset` on; returns where they end. Throws `CORRUPT` when the first is no header. */
  takeHeader(input: Uint8Array, offset: number): number {
    while (offset < input.length && this.phase === 'header') {
      if (this.#part === 'extra') {
        const length = Math.min(this.#extraLength - this.#taken, input.length - offset);
        this.#taken += length;
        offset += length;
        if (this.#taken === this.#extraLength) this.#nextPart('extra');
      } else if (this.#takeHeaderByte(input[offset] ?? 0)) {
        offset++;
      }
    }
    return offset;
  }

  /** Counts a piece of the member's content. */
  countOutput(output: Uint8Array): void {
    if (this.#verifiesCrc) this.#crc = crc32(output, this.#crc);
    this.#size = (this.#size + output.length) >>> 0;
  }

  endBody(): void {
    this.phase = 'trailer';
    this.#taken = 0;
  }

  /** Takes trailer bytes; returns where they end. Throws `CORRUPT` when checksum or length differ. */
  takeTrailer(input: Uint8Array, offset: number): number {
    while (offset < input.length && this.#taken < TRAILER_BYTES)
      this.#trailer.setUint8(this.#taken++, input[offset++] ?? 0);
    if (this.#taken === TRAILER_BYTES) this.#endMember();
    return offset;
  }

  /** Throws `TRUNCATED` when the stream may not end here. */
  finish(): void {
    const betweenMembers = this.phase === 'header' && this.#part === 'fixed' && this.#taken === 0;
    if (this.phase !== 'ignored' && !(betweenMembers && this.#members > 0)) throw truncated('gzip');
  }

  #endMember(): void {
    const crc = this.#trailer.getUint32(0, true);
    const size = this.#trailer.getUint32(4, true);
    if ((this.#verifiesCrc && crc !== this.#crc) || size !== this.#size)
      throw corrupt('gzip', 'invalid checksum');
    this.#members++;
    this.#crc = 0;
    this.#size = 0;
    this.phase = 'header';
    this.#part = 'fixed';
    this.#taken = 0;
  }

  /** Returns false when the byte is not part of a header. */
  #takeHeaderByte(byte: number): boolean {
    const at = this.#taken++;
    switch (this.#part) {
      case 'fixed':
        if (at < MAGIC.length && byte !== MAGIC[at]) return this.#refuseMagic(at);
        if (at === MAGIC.length) this.#flags = byte;
        if (at === FIXED_HEADER_BYTES - 1) this.#nextPart('fixed');
        break;
      case 'extra-length':
        this.#extraLength = at === 0 ? byte : this.#extraLength | (byte << 8);
        if (at === 1) this.#nextPart(this.#extraLength === 0 ? 'extra' : 'extra-length');
        break;
      case 'name':
      case 'comment':
        if (byte === 0) this.#nextPart(this.#part);
        break;
      case 'crc':
        if (at === 1) this.#nextPart('crc');
    }
    return true;
  }

  #refuseMagic(at: number): false {
    if (this.#members === 0) throw corrupt('gzip', 'invalid header');
    // Padding or garbage after the last member: the archive before it counts, as for `docker import`.
    this.phase = 'ignored';
    this.mistakenBytes = at;
    return false;
  }

  #nextPart(done: HeaderPart): void {
    this.#taken = 0;
    this.#part = partAfter(done, this.#flags) ?? 'fixed';
    if (this.#part === 'fixed') this.phase = 'body';
  }
}

function partAfter(done: HeaderPart, flags: number): HeaderPart | undefined {
  switch (done) {
    case 'fixed':
      if (flags & FLAG_EXTRA) return 'extra-length';
      return partAfter('extra', flags);
    case 'extra-length':
      return 'extra';
    case 'extra':
      if (flags & FLAG_NAME) return 'name';
      return partAfter('name', flags);
    case 'name':
      if (flags & FLAG_COMMENT) return 'comment';
      return partAfter('comment', flags);
    case 'comment':
      return flags & FLAG_HEADER_CRC ? 'crc' : undefined;
    case 'crc':
      return undefined;
  }
}
