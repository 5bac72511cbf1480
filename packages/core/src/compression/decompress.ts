import { setImmediate } from 'node:timers/promises';
import type { ByteSource } from '../bytes/byte-source.ts';
import { concatBytes } from '../bytes/concat.ts';
import type { Compression, SteppedDecoder } from './compression.ts';
import { COMPRESSION_HEAD_BYTES, detectCompression } from './detect.ts';
import { createDecoder } from './sync-zlib.ts';

/** How much may be unpacked before other work of this thread gets a turn: a few milliseconds. */
const TURN_BYTES = 4 * 1024 * 1024;

/**
 * Unpacks a stream. Concatenated members and frames are one stream. Throws `TRUNCATED` when it ends early and
 * `CORRUPT` when it breaks its format's rules; closes `source` when the reader stops.
 */
export function decompress(source: ByteSource, compression: Compression): ByteSource {
  if (compression === 'none') return source;
  const decoder = createDecoder(compression);
  if (decoder !== undefined) return decodeSteps(source, decoder);
  return decodeLazily(source, compression);
}

/** Unpacks a stream packed in whatever way its first bytes say; passes it on as it is when they say nothing. */
export async function* decompressAuto(source: ByteSource): AsyncGenerator<Uint8Array, void, undefined> {
  const { head, rest } = await takeHead(source);
  yield* decompress(rest, detectCompression(head));
}

/**
 * Reads at least `bytes` of `source`, as much as `detectCompression` needs unless said otherwise; fewer only when
 * there are no more. `rest` is the whole stream again, `head` included.
 */
export async function takeHead(
  source: ByteSource,
  bytes = COMPRESSION_HEAD_BYTES,
): Promise<{ head: Uint8Array; rest: ByteSource }> {
  const iterator = source[Symbol.asyncIterator]();
  let head: Uint8Array = new Uint8Array(0);
  while (head.length < bytes) {
    const next = await iterator.next();
    if (next.done) break;
    head = concatBytes([head, next.value]);
  }
  return { head, rest: resume(head, iterator) };
}

async function* resume(head: Uint8Array, iterator: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  let done = false;
  try {
    if (head.length > 0) yield head;
    for (;;) {
      const next = await iterator.next();
      done = next.done === true;
      if (next.done) return;
      yield next.value;
    }
  } finally {
    if (!done) await iterator.return?.();
  }
}

/** Drives a synchronous decoder at the reader's pace. */
export async function* decodeSteps(
  source: ByteSource,
  decoder: SteppedDecoder,
): AsyncGenerator<Uint8Array, void, undefined> {
  const turns = { sinceLast: 0 };
  try {
    for await (const chunk of source) yield* paced(decoder.steps(chunk), turns);
    yield* paced(decoder.end(), turns);
  } finally {
    decoder.close();
  }
}

async function* paced(
  outputs: Iterable<Uint8Array>,
  turns: { sinceLast: number },
): AsyncGenerator<Uint8Array> {
  for (const output of outputs) {
    // The decoder uses its buffer again; what is yielded is the receiver's.
    yield Buffer.from(output);
    turns.sinceLast += output.length;
    if (turns.sinceLast < TURN_BYTES) continue;
    turns.sinceLast = 0;
    await setImmediate();
  }
}

async function* decodeLazily(source: ByteSource, compression: Compression): AsyncGenerator<Uint8Array> {
  switch (compression) {
    case 'gzip':
      return yield* (await import('./stream-decoders.ts')).gunzipStream(source);
    case 'zstd':
      return yield* (await import('./stream-decoders.ts')).unzstdStream(source);
    case 'xz':
      return yield* (await import('./xz.ts')).unxz(source);
    case 'bzip2':
      return yield* decodeSteps(source, new (await import('./bzip2.ts')).Bzip2Decoder());
    case 'none':
      yield* source;
  }
}
