import type { Stats } from 'node:fs';

const BLOCK_BYTES = 512;

/** What the file system gives to a file, as `du` counts it. Windows has no block counts. */
export function allocatedBytes(stat: Stats): number {
  return stat.blocks === undefined ? stat.size : stat.blocks * BLOCK_BYTES;
}
