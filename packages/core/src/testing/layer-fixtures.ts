import { createHash } from 'node:crypto';
import type { ByteSource } from '../bytes/byte-source.ts';
import type { Digest } from '../digest.ts';

/** Bytes that look random and are always the same. */
export function noise(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed >>> 0 || 1;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  return bytes;
}

/** Text-like bytes, which compress to about a third. */
export function prose(length: number, seed = 1): Buffer {
  const words = ['harbour', 'wherry', 'oar', 'tide', 'cargo', 'the', 'of', 'upstream', 'lock', 'quay'];
  const picks = noise(Math.ceil(length / 3) + 1, seed);
  let text = '';
  for (let i = 0; text.length < length; i++)
    text += `${words[(picks[i] ?? 0) % words.length]} ${i % 7 ? '' : i}`;
  return Buffer.from(text).subarray(0, length);
}

/** A source of the given chunks. */
export async function* sourceOf(chunks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  for (const chunk of chunks) yield chunk;
}

/** Reads a source whole. */
export async function gather(source: ByteSource): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The sha256 of bytes. */
export function sha256(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}
