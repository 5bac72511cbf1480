import { tarOf } from './layout.ts';

/** Numbers from 0 to 1, the same ones for the same seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Bytes that no compression makes smaller. */
export function noise(seed: number, size: number): Buffer {
  const random = randomNumbers(seed);
  const bytes = Buffer.alloc(size);
  for (let i = 0; i + 4 <= size; i += 4) bytes.writeUInt32LE(random() * 2 ** 32, i);
  return bytes;
}

/** A layer's tar with one file of noise. */
export function noisyLayer(seed: number, size: number): Buffer {
  return tarOf([{ path: `noise-${seed}`, content: noise(seed, size) }]);
}
