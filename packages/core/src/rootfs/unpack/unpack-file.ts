import { createNodeHasher } from '../../bytes/node-hasher.ts';
import { OUTPUT_BUFFER_BYTES } from '../../compression/compression.ts';
import { decompress } from '../../compression/decompress.ts';
import { detectCompression } from '../../compression/detect.ts';
import { createDecoder } from '../../compression/sync-zlib.ts';
import type { Hasher } from '../../digest.ts';
import { WherryError } from '../../errors.ts';
import { GrowingFileReader } from '../../layer/growing-file.ts';
import { readHead, sourceOf } from '../../layer/growing-file-source.ts';
import { checkInflation, MAX_TAR_BYTES } from '../../layer/inflation.ts';
import type { TarEntry } from '../../tar/scanner.ts';
import { loadCoreModuleSync } from '../../wasm/load.ts';
import { WasmTarScanner } from '../../wasm/wasm-tar-scanner.ts';
import { LayerUnpacker, type UnpackedFacts } from './layer-unpacker.ts';
import { probeContext } from './unpack-context.ts';
import type { UnpackRequest } from './unpack-protocol.ts';

const MAX_ENTRIES = 5_000_000;

const input = Buffer.allocUnsafeSlow(OUTPUT_BUFFER_BYTES);
const output = Buffer.allocUnsafeSlow(OUTPUT_BUFFER_BYTES);

/**
 * Unpacks the layer of one request into its directory, blocking this thread. Throws what decoder and scanner
 * throw, `TOO_LARGE`, `INVALID_TAR` for entries that cannot be made, `DIFF_ID_MISMATCH`, `NO_SPACE`,
 * `PERMISSION_DENIED`, `UNSUPPORTED` without a usable tar program, `CANCELLED` after the file's abort. What was
 * made until then is the caller's to remove.
 */
export async function unpackFile(request: UnpackRequest): Promise<UnpackedFacts> {
  const reader = new CountedReader(request);
  const context = probeContext(request.workDirectory, request.ownership);
  const unpacker = new LayerUnpacker(request.directory, request.workDirectory, context);
  try {
    const tar = new UnpackedTar(unpacker, request);
    await readInto(tar, reader);
    return tar.finish();
  } finally {
    unpacker.close();
    reader.close();
  }
}

async function readInto(tar: UnpackedTar, reader: CountedReader): Promise<void> {
  const head = readHead(reader);
  const compression = detectCompression(head);
  if (compression === 'none') {
    tar.hash();
    tar.write(head, reader.position);
    for (const chunk of reader.chunks()) tar.write(chunk, reader.position);
    return;
  }
  const decoder = createDecoder(compression, () => output);
  if (decoder === undefined) {
    for await (const chunk of decompress(sourceOf(head, reader), compression))
      tar.write(chunk, reader.position);
    return;
  }
  const emit = (chunk: Uint8Array) => tar.write(chunk, reader.position);
  try {
    decoder.write(head, emit);
    for (const chunk of reader.chunks()) decoder.write(chunk, emit);
    decoder.finish(emit);
  } finally {
    decoder.close();
  }
}

/** Says as it reads how far it is. */
class CountedReader extends GrowingFileReader {
  position = 0;
  readonly #progress: BigInt64Array;

  constructor({ path, shared, progress }: UnpackRequest) {
    super(path, shared);
    this.#progress = new BigInt64Array(progress);
  }

  override read(buffer: Uint8Array): number {
    const count = super.read(buffer);
    this.position += count;
    Atomics.store(this.#progress, 0, BigInt(this.position));
    return count;
  }

  /** The rest of the file; a chunk is valid until the next one. */
  *chunks(): Generator<Uint8Array, void, undefined> {
    for (let count = this.read(input); count > 0; count = this.read(input)) yield input.subarray(0, count);
  }
}

/** A tar on its way from the decoder to the unpacker. */
class UnpackedTar {
  readonly #unpacker: LayerUnpacker;
  readonly #request: UnpackRequest;
  readonly #scanner = new WasmTarScanner(loadCoreModuleSync());
  readonly #maxTarBytes: number;
  readonly #maxEntries: number;
  #hasher: Hasher | undefined;
  #position = 0;
  #entries = 0;
  /** Where the payload of the current file is in the tar. */
  #payloadStart = 0;
  #payloadEnd = 0;
  #isInFile = false;

  constructor(unpacker: LayerUnpacker, request: UnpackRequest) {
    this.#unpacker = unpacker;
    this.#request = request;
    this.#maxTarBytes = request.maxTarBytes ?? MAX_TAR_BYTES;
    this.#maxEntries = request.maxEntries ?? MAX_ENTRIES;
  }

  /** Has the content compared with the diffID; before the first `write`. */
  hash(): void {
    this.#hasher = createNodeHasher();
  }

  /** Takes the next bytes of the tar; `blobBytes` is how much of the blob has been read for all so far. */
  write(chunk: Uint8Array, blobBytes: number): void {
    checkInflation(this.#position + chunk.length, blobBytes, this.#maxTarBytes);
    this.#hasher?.update(chunk);
    for (const entry of this.#scanner.push(chunk)) {
      this.#takePayload(chunk);
      this.#begin(entry);
    }
    this.#takePayload(chunk);
    this.#position += chunk.length;
  }

  finish(): UnpackedFacts {
    this.#scanner.finish();
    const found = this.#hasher?.digest();
    if (found !== undefined && found !== this.#request.diffID)
      throw new WherryError('DIFF_ID_MISMATCH', `layer ${this.#request.diffID}: unpacks to ${found}`);
    return this.#unpacker.finish();
  }

  #begin(entry: TarEntry): void {
    if (++this.#entries > this.#maxEntries)
      throw new WherryError('TOO_LARGE', `layer has more than ${this.#maxEntries} entries`);
    this.#unpacker.begin(entry);
    this.#isInFile = entry.type === 'file';
    this.#payloadStart = entry.dataOffset;
    this.#payloadEnd = entry.dataOffset + entry.size;
  }

  /** Hands over what of the current file's payload is in the chunk. */
  #takePayload(chunk: Uint8Array): void {
    if (!this.#isInFile) return;
    const from = Math.max(0, this.#payloadStart - this.#position);
    const to = Math.min(chunk.length, this.#payloadEnd - this.#position);
    if (to > from) this.#unpacker.write(chunk.subarray(from, to));
    if (this.#payloadEnd > this.#position + chunk.length) return;
    this.#unpacker.endFile();
    this.#isInFile = false;
  }
}
