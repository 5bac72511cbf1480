import type { Readable } from 'node:stream';
import type { ByteSource } from './byte-source.ts';

/**
 * Reads a Node stream chunk by chunk as they came. Iterating a `Readable` joins whatever has piled up, which
 * for a large body is one more copy of every byte and as much garbage; a stream that flows does not join.
 * Ends the stream when the consumer stops early; its error is thrown.
 */
export async function* flowingChunks(stream: Readable): ByteSource {
  const queue: Uint8Array[] = [];
  const end: { state?: 'ended' | { readonly error: unknown } } = {};
  let wake = () => {};
  const onData = (chunk: Uint8Array) => {
    queue.push(chunk);
    stream.pause();
    wake();
  };
  const settle = (state: 'ended' | { readonly error: unknown }) => {
    end.state ??= state;
    wake();
  };
  stream
    .on('end', () => settle('ended'))
    .on('error', (error) => settle({ error }))
    .on('close', () => settle({ error: new Error('the stream was closed before its end') }))
    .on('data', onData);
  try {
    for (;;) {
      const chunk = queue.shift();
      if (chunk) yield chunk;
      else if (end.state === 'ended') return;
      else if (end.state) throw end.state.error;
      else {
        const news = new Promise<void>((resolve) => {
          wake = resolve;
        });
        stream.resume();
        await news;
      }
    }
  } finally {
    stream.off('data', onData);
    if (end.state !== 'ended') stream.destroy();
  }
}
