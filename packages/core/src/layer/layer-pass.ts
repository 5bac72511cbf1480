import { concatBytes } from '../bytes/concat.ts';
import type { Compression, Decoder } from '../compression/compression.ts';
import { COMPRESSION_HEAD_BYTES, detectCompression } from '../compression/detect.ts';
import type { Hasher, HasherFactory } from '../digest.ts';
import { WherryError } from '../errors.ts';
import type { TarEntry, TarScanner } from '../tar/scanner.ts';
import { checkInflation, MAX_TAR_BYTES } from './inflation.ts';
import type { LayerFacts } from './layer-facts.ts';
import { TocWriter } from './toc-writer.ts';

export interface LayerLimits {
  /** Most bytes that the tar may have; 256 GiB unless given. */
  readonly maxTarBytes?: number;
  /** Most entries that the tar may have; 10 million unless given. */
  readonly maxEntries?: number;
}

export interface LayerPassOptions extends LayerLimits {
  readonly createHasher: HasherFactory;
  readonly createScanner: () => TarScanner;
  /** Opens a decoder; `undefined` for a compression that this host cannot unpack synchronously. */
  readonly createDecoder: (compression: Compression) => Decoder | undefined;
  /** Takes the table of contents as it is written, each chunk its own. */
  readonly toc?: (chunk: Uint8Array) => void;
}

/**
 * Reads a layer's bytes once, pushed in any pieces: digest of the blob, diffID and table of contents of the tar
 * in it. Behind the tar's end the rest is hashed and otherwise ignored. Throws what the decoder and the scanner
 * throw, and `TOO_LARGE` for what passes the limits or inflates without end. Close it, also after an error.
 */
export class LayerPass {
  readonly #options: LayerPassOptions;
  readonly #blobHasher: Hasher;
  readonly #tar: TarPass;
  #head: Uint8Array | undefined = new Uint8Array(0);
  #compression: Compression = 'none';
  #decoder: Decoder | undefined;
  #size = 0;
  readonly #emit = (output: Uint8Array): void => this.#tar.write(output, this.#size);

  constructor(options: LayerPassOptions) {
    this.#options = options;
    this.#blobHasher = options.createHasher();
    this.#tar = new TarPass(options);
  }

  /** Takes the next bytes of the blob, which it does not keep. */
  write(chunk: Uint8Array): void {
    this.#blobHasher.update(chunk);
    this.#size += chunk.length;
    if (this.#head === undefined) {
      this.#unpack(chunk);
      return;
    }
    const head = this.#head.length === 0 ? chunk : concatBytes([this.#head, chunk]);
    if (head.length >= COMPRESSION_HEAD_BYTES) this.#start(head);
    // A copy: the chunk is not ours to keep.
    else this.#head = head.slice();
  }

  /** Ends the layer. Throws `TRUNCATED` when something is missing. */
  finish(): LayerFacts {
    if (this.#head !== undefined) this.#start(this.#head);
    this.#decoder?.finish(this.#emit);
    const digest = this.#blobHasher.digest();
    const trailingBytes = this.#decoder?.ignoredBytes ?? 0;
    return this.#tar.finish({
      digest,
      size: this.#size,
      compression: this.#compression,
      ...(trailingBytes > 0 && { trailingBytes }),
    });
  }

  close(): void {
    this.#decoder?.close();
    this.#decoder = undefined;
  }

  #start(head: Uint8Array): void {
    this.#head = undefined;
    this.#compression = detectCompression(head);
    if (this.#compression === 'none') {
      this.#tar.shareDigest();
    } else {
      this.#decoder = this.#options.createDecoder(this.#compression);
      if (this.#decoder === undefined)
        throw new WherryError('UNSUPPORTED', `cannot unpack ${this.#compression} here`);
    }
    this.#unpack(head);
  }

  #unpack(chunk: Uint8Array): void {
    if (this.#decoder === undefined) this.#tar.write(chunk, this.#size);
    else this.#decoder.write(chunk, this.#emit);
  }
}

/** What the pass knows of the blob around the tar. */
export interface BlobFacts {
  readonly digest: LayerFacts['digest'];
  readonly size: number;
  readonly compression: Compression;
  readonly trailingBytes?: number;
}

export type TarPassOptions = Omit<LayerPassOptions, 'createDecoder'>;

/** The half of the pass behind the decoder: diffID, entries, table of contents, limits. */
export class TarPass {
  readonly #hasher: Hasher;
  readonly #scanner: TarScanner;
  readonly #toc: TocWriter | undefined;
  readonly #maxTarBytes: number;
  readonly #maxEntries: number;
  /** The blob is the tar: hashing it again would find the same digest. */
  #sharesDigest = false;
  #tarSize = 0;
  #contentSize = 0;
  #entries = 0;

  constructor(options: TarPassOptions) {
    this.#hasher = options.createHasher();
    this.#scanner = options.createScanner();
    this.#toc = options.toc && new TocWriter(options.toc);
    this.#maxTarBytes = options.maxTarBytes ?? MAX_TAR_BYTES;
    this.#maxEntries = options.maxEntries ?? 10_000_000;
  }

  shareDigest(): void {
    this.#sharesDigest = true;
  }

  /** Takes the next bytes of the tar; `blobBytes` is how much of the blob has been read for all so far. */
  write(chunk: Uint8Array, blobBytes: number): void {
    this.#tarSize += chunk.length;
    checkInflation(this.#tarSize, blobBytes, this.#maxTarBytes);
    if (!this.#sharesDigest) this.#hasher.update(chunk);
    for (const entry of this.#scanner.push(chunk)) this.#add(entry);
  }

  finish({ digest, size, compression, trailingBytes }: BlobFacts): LayerFacts {
    this.#scanner.finish();
    const facts: LayerFacts = {
      digest,
      size,
      diffID: this.#sharesDigest ? digest : this.#hasher.digest(),
      tarSize: this.#tarSize,
      contentSize: this.#contentSize,
      entries: this.#entries,
      compression,
      ...(trailingBytes !== undefined && { trailingBytes }),
    };
    this.#toc?.finish(facts);
    return facts;
  }

  #add(entry: TarEntry): void {
    this.#entries++;
    if (this.#entries > this.#maxEntries)
      throw new WherryError('TOO_LARGE', `layer has more than ${this.#maxEntries} entries`);
    // Docker measures the unpacked directory, where a symlink is as long as its target.
    if (entry.type === 'file') this.#contentSize += entry.size;
    else if (entry.type === 'symlink') this.#contentSize += entry.link.length;
    this.#toc?.add(entry);
  }
}
