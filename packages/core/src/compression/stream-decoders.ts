import type { Transform } from 'node:stream';
import { constants, createInflateRaw, createZstdDecompress, type InflateRaw } from 'node:zlib';
import type { ByteSource } from '../bytes/byte-source.ts';
import { OUTPUT_BUFFER_BYTES } from './compression.ts';
import { corrupt } from './failures.ts';
import { GzipFraming } from './gzip-framing.ts';
import { ZSTD_WINDOW_LOG_MAX } from './native-handle.ts';
import { ZstdFrameWalker } from './zstd-frames.ts';

/** Bounds what one piece of input can unpack to, as that is held in memory: 16 MiB for deflate, 32 for zstd. */
const DEFLATE_SLICE_BYTES = 16 * 1024;
const ZSTD_SLICE_BYTES = 1024;

/** Unpacks gzip with zlib's public streams, where `hasSyncZlib` says no; as `GzipDecoder` does. */
export async function* gunzipStream(source: ByteSource): AsyncGenerator<Uint8Array, void, undefined> {
  const framing = new GzipFraming();
  let inflate: StreamDriver<InflateRaw> | undefined;
  try {
    for await (const chunk of source) {
      let offset = 0;
      while (offset < chunk.length && framing.phase !== 'ignored') {
        if (framing.phase === 'header') offset = framing.takeHeader(chunk, offset);
        else if (framing.phase === 'trailer') offset = framing.takeTrailer(chunk, offset);
        else {
          inflate ??= new StreamDriver('gzip', createInflateRaw({ chunkSize: OUTPUT_BUFFER_BYTES }));
          const slice = chunk.subarray(offset, offset + DEFLATE_SLICE_BYTES);
          const before = inflate.stream.bytesWritten;
          const { outputs, hasEnded } = await inflate.feed(slice);
          offset += hasEnded ? inflate.stream.bytesWritten - before : slice.length;
          for (const output of outputs) framing.countOutput(output);
          yield* outputs;
          if (!hasEnded) continue;
          framing.endBody();
          inflate.close();
          inflate = undefined;
        }
      }
    }
    framing.finish();
  } finally {
    inflate?.close();
  }
}

/** Unpacks zstd with zlib's public streams, where `hasSyncZlib` says no; as `ZstdDecoder` does. */
export async function* unzstdStream(source: ByteSource): AsyncGenerator<Uint8Array, void, undefined> {
  const walker = new ZstdFrameWalker(2 ** ZSTD_WINDOW_LOG_MAX);
  const params = { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX };
  const native = new StreamDriver('zstd', createZstdDecompress({ chunkSize: OUTPUT_BUFFER_BYTES, params }));
  try {
    for await (const chunk of source) {
      for (let offset = 0; offset < chunk.length; ) {
        const rest = chunk.subarray(offset, offset + ZSTD_SLICE_BYTES);
        // Up to the end of a frame and no further: the stream would drop the rest.
        const slice = rest.subarray(0, walker.advance(rest, 0));
        offset += slice.length;
        yield* (await native.feed(slice)).outputs;
      }
    }
    walker.finish();
  } finally {
    native.close();
  }
}

interface Fed {
  readonly outputs: Uint8Array[];
  /** The format's own end was met; not all of the input may have been taken. */
  readonly hasEnded: boolean;
}

/** Feeds a zlib stream one piece of input at a time. */
class StreamDriver<S extends Transform> {
  readonly stream: S;
  readonly #format: 'gzip' | 'zstd';
  #outputs: Uint8Array[] = [];
  #error: Error | undefined;
  #hasEnded = false;
  #wake: () => void = () => undefined;

  constructor(format: 'gzip' | 'zstd', stream: S) {
    this.#format = format;
    this.stream = stream;
    stream.on('data', (output: Uint8Array) => this.#outputs.push(output));
    stream.on('end', () => {
      this.#hasEnded = true;
      this.#wake();
    });
    stream.on('error', (error) => {
      this.#error = error;
      this.#wake();
    });
  }

  async feed(input: Uint8Array): Promise<Fed> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.stream.write(input, () => resolve());
    });
    if (this.#error) throw corrupt(this.#format, this.#error.message, this.#error);
    const outputs = this.#outputs;
    this.#outputs = [];
    return { outputs, hasEnded: this.#hasEnded };
  }

  close(): void {
    this.stream.destroy();
  }
}
